"""``assay size``."""

from pathlib import Path
from typing import Annotated

import typer

from assay.cli import app, command, console
from assay.cli.run import ExperimentFile, Overrides, StoreFolder


@command(app, "size")
def size(
    experiment: ExperimentFile,
    documents: Annotated[list[int], typer.Option(help="a corpus size; give several")],
    overrides: Overrides = None,
    store: StoreFolder = Path(".assay/store"),
    runs: Annotated[Path, typer.Option(help="where results go, one folder for each size")] = Path("runs"),
    tracking: Annotated[bool, typer.Option(help="log to MLflow")] = True,
    quiet: Annotated[bool, typer.Option(help="no progress bars")] = False,
) -> None:
    """Accuracy against corpus size: the same questions, ever more documents to search."""
    from assay.loading import load_experiment
    from assay.sizing import size_curve, size_table

    loaded = load_experiment(experiment, overrides or [])
    terminal = console()
    shown = None if quiet else terminal
    points = size_curve(loaded, documents, store=store, runs=runs, console=shown, tracking=tracking)
    terminal.print(size_table(points, loaded.primary_metric))
