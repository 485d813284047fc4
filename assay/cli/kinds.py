"""``assay kinds``: every technique there is."""

from typing import Annotated

import typer

from assay.cli import app, command, console


@command(app, "kinds")
def kinds(stage: Annotated[str | None, typer.Argument(help="one stage only")] = None) -> None:
    """List the kinds of every stage, third-party ones included, a line each."""
    from rich.table import Table

    from assay.registries import registries
    from pipelines.errors import UserError

    every = registries()
    if stage is not None and stage not in every:
        raise UserError(f"there is no stage {stage!r}; known: {', '.join(every)}")
    table = Table("stage", "kind", "what it does")
    for name, registry in every.items():
        if stage in (None, name):
            for kind in registry.kinds().values():
                table.add_row(name, kind.name, kind.summary)
    console().print(table)
