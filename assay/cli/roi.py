"""``assay roi``: a finished run's money, under its own scenario or another."""

from pathlib import Path
from typing import Annotated

import typer

from assay.cli import app, command, console
from assay.cli.results import RunFolder


@command(app, "roi")
def roi(
    run: RunFolder,
    scenario: Annotated[
        Path | None,
        typer.Option(help="a scenario file (YAML): other prices, volumes, peak, churn, corpus or model size"),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="print roi.json instead of tables")] = False,
) -> None:
    """Costs, ROI, break-even, sensitivity and the decision map of a finished run, without running anything again."""
    from assay.scenario import reckon_again
    from assay.scenario_tables import head, sections
    from assay.tables import terminal_table

    statement = reckon_again(run, scenario)
    if json:
        typer.echo(statement.model_dump_json(indent=1))
        return
    terminal = console()
    for line in head(statement):
        terminal.print(line, highlight=False, markup=False)
    for section in sections(statement):
        terminal.print(f"\n{section.title}", style="bold", highlight=False, markup=False)
        if section.cells:
            terminal.print(terminal_table(section.cells))
        for note in section.notes:
            terminal.print(note, highlight=False, markup=False)
    terminal.print(f"\nwritten: {run / 'roi.md'} and roi.json", highlight=False, markup=False, soft_wrap=True)
