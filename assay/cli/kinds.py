"""``assay kinds``: every technique there is, and what each can be told."""

from typing import Annotated

import typer

from assay.cli import app, command, console


@command(app, "kinds")
def kinds(
    stage: Annotated[str | None, typer.Argument(help="one stage only")] = None,
    kind: Annotated[str | None, typer.Argument(help="one kind of it, with its fields")] = None,
    markdown: Annotated[bool, typer.Option(help="print Markdown, as docs/kinds.md is made")] = False,
) -> None:
    """List the kinds of every stage, third-party ones included, a line each with its source; or one kind's fields."""
    from assay.kinds import as_markdown, field_cells, kind_cells
    from assay.tables import terminal_table

    if markdown:
        typer.echo(as_markdown())
        return
    cells = field_cells(stage, kind) if stage and kind else kind_cells(stage)
    console().print(terminal_table(cells))
