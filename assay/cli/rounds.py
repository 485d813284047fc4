"""``assay rounds``: continual rounds of preference tuning."""

from pathlib import Path
from typing import Annotated

import typer

from assay.cli import app, command, console
from assay.cli.run import ExperimentFile, Overrides, Quiet, RunsFolder, StoreFolder, Tracking


@command(app, "rounds")
def rounds(
    experiment: ExperimentFile,
    configuration: Annotated[str, typer.Option(help="id of a configuration with a preference")],
    number: Annotated[int, typer.Option("--rounds", min=1, help="rounds in all, finished ones included")] = 2,
    only_better: Annotated[
        bool, typer.Option("--only-better", help="keep a round only where it is shown better, not unless shown worse")
    ] = False,
    overrides: Overrides = None,
    store: StoreFolder = Path(".assay/store"),
    runs: RunsFolder = Path("runs"),
    tracking: Tracking = True,
    quiet: Quiet = False,
) -> None:
    """Draw answers, collect feedback, tune, evaluate on dev, keep or roll back, and again: rounds.json, rounds.md."""
    from assay.loading import load_experiment
    from assay.rounds import run_rounds
    from assay.rounds_table import rounds_table

    loaded = load_experiment(experiment, overrides or [])
    terminal = console()
    finished = run_rounds(
        loaded,
        configuration,
        number,
        gate="better" if only_better else "not_worse",
        store=store,
        runs=runs,
        console=None if quiet else terminal,
        tracking=tracking,
    )
    terminal.print(rounds_table(finished.rounds))
    terminal.print(f"\ntable: {finished.folder / 'rounds.md'}", highlight=False, soft_wrap=True)
