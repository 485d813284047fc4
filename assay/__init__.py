"""How experiments run: schema, plan, content store, runner, tracking and command line."""
