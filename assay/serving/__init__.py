"""Serving: a language model, or a whole configuration of a finished run, as an HTTP endpoint."""
