"""``assay size``."""

from pathlib import Path
from typing import Annotated

import typer

from assay.cli import app, command, console
from assay.cli.run import ExperimentFile, Overrides, Quiet, RunsFolder, StoreFolder, Tracking


@command(app, "size")
def size(
    experiment: ExperimentFile,
    documents: Annotated[list[int], typer.Option(help="a corpus size; give several")],
    overrides: Overrides = None,
    store: StoreFolder = Path(".assay/store"),
    runs: RunsFolder = Path("runs"),
    tracking: Tracking = True,
    quiet: Quiet = False,
) -> None:
    """Accuracy against corpus size: the same questions, ever more documents to search."""
    from assay.loading import load_experiment
    from assay.sizing import size_curve, size_table

    loaded = load_experiment(experiment, overrides or [])
    terminal = console()
    shown = None if quiet else terminal
    points = size_curve(loaded, documents, store=store, runs=runs, console=shown, tracking=tracking)
    terminal.print(size_table(points, loaded.primary_metric))
