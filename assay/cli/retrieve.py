"""``assay retrieve``."""

from pathlib import Path
from typing import Annotated

import typer

from assay.cli import app, command, console
from assay.cli.run import ExperimentFile, Overrides, Quiet, RunsFolder, StoreFolder


@command(app, "retrieve")
def retrieve(
    experiment: ExperimentFile,
    against: Annotated[
        list[str] | None, typer.Option(help="a baseline's id; several are allowed; absent: the first configuration")
    ] = None,
    overrides: Overrides = None,
    store: StoreFolder = Path(".assay/store"),
    runs: RunsFolder = Path("runs"),
    quiet: Quiet = False,
) -> None:
    """Compare what the retrieved configurations find, with paired tests, before any answer is paid for."""
    from assay.comparing_retrieval import compare_retrieval
    from assay.loading import load_experiment
    from assay.retrieval_table import learnt_of, retrieval_table

    loaded = load_experiment(experiment, overrides or [])
    terminal = console()
    shown = None if quiet else terminal
    result = compare_retrieval(loaded, store=store, runs=runs, against=against or (), console=shown)
    terminal.print(retrieval_table(result))
    for line in learnt_of(result):
        terminal.print(line, highlight=False, soft_wrap=True)
    terminal.print(f"\ntable: {runs / loaded.name / 'retrieval.md'}", highlight=False, soft_wrap=True)
