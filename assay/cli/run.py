"""``assay run`` and ``assay plan``."""

from pathlib import Path
from typing import Annotated

import typer

from assay.cli import app, command, console

ExperimentFile = Annotated[Path, typer.Argument(help="experiment file (YAML)")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", help="override a field: --set economics.horizon_months=6")
]
StoreFolder = Annotated[Path, typer.Option(help="content store")]
RunsFolder = Annotated[Path, typer.Option(help="where results, tables and reports go, a folder a run")]
Tracking = Annotated[bool, typer.Option(help="log to MLflow")]
Quiet = Annotated[bool, typer.Option(help="no progress bars")]


@command(app, "run")
def run(
    experiment: ExperimentFile,
    overrides: Overrides = None,
    store: StoreFolder = Path(".assay/store"),
    runs: RunsFolder = Path("runs"),
    tracking: Tracking = True,
    quiet: Quiet = False,
) -> None:
    """Run an experiment: results.json, per_question.parquet, report.html and MLflow runs."""
    from assay.loading import load_experiment
    from assay.runner import run_experiment
    from eval.report.terminal import terminal_table

    loaded = load_experiment(experiment, overrides or [])
    terminal = console()
    finished = run_experiment(loaded, store=store, runs=runs, console=None if quiet else terminal, tracking=tracking)
    terminal.print(terminal_table(finished.results))
    terminal.print(f"\nreport: {finished.folder / 'report.html'}", highlight=False, soft_wrap=True)


@command(app, "plan")
def plan(experiment: ExperimentFile, overrides: Overrides = None, store: StoreFolder = Path(".assay/store")) -> None:
    """Dry run: configurations, what the store already holds, estimated minutes and dollars."""
    from assay.loading import load_experiment
    from assay.planning import make_plan, plan_table

    terminal, made = console(), make_plan(load_experiment(experiment, overrides or []), store)
    terminal.print(plan_table(made))
    if made.refused:
        terminal.print(f"assay run would refuse it: {made.refused}", highlight=False, markup=False, soft_wrap=True)
