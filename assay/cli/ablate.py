"""``assay ablate``: what each stage of one configuration is worth."""

from pathlib import Path
from typing import Annotated

import typer

from assay.cli import app, command, console
from assay.cli.run import ExperimentFile, Overrides, Quiet, RunsFolder, StoreFolder, Tracking


@command(app, "ablate")
def ablate(
    experiment: ExperimentFile,
    configuration: Annotated[str, typer.Option(help="id of the configuration, as assay plan prints it")],
    overrides: Overrides = None,
    store: StoreFolder = Path(".assay/store"),
    runs: RunsFolder = Path("runs"),
    tracking: Tracking = True,
    quiet: Quiet = False,
) -> None:
    """Turn off each stage of one configuration in turn: ablation.md, results.json and report.html."""
    from assay.ablation import ablate as run
    from assay.ablation_table import ablation_table
    from assay.loading import load_experiment

    loaded = load_experiment(experiment, overrides or [])
    terminal = console()
    bars = None if quiet else terminal
    finished = run(loaded, configuration, store=store, runs=runs, console=bars, tracking=tracking)
    terminal.print(ablation_table(finished))
    folder = finished.run.folder
    terminal.print(f"\ntable: {folder / 'ablation.md'}", highlight=False, soft_wrap=True)
    terminal.print(f"report: {folder / 'report.html'}", highlight=False, soft_wrap=True)
