"""``assay report``, ``assay compare`` and ``assay ui``: finished runs, looked at."""

from pathlib import Path
from typing import Annotated

import typer

from assay.cli import app, command, console

RunFolder = Annotated[Path, typer.Argument(help="folder of a finished run, such as runs/quickstart")]


@command(app, "report")
def report(run: RunFolder) -> None:
    """Write report.html again from a finished run's results."""
    from assay.finished import load_run
    from eval.report import render

    results, table = load_run(run)
    typer.echo(str(render(results, table, run / "report.html")))


@command(app, "compare")
def compare(
    a: RunFolder,
    b: RunFolder,
    metric: Annotated[str | None, typer.Option(help="a metric both runs have; the primary one if absent")] = None,
) -> None:
    """Compare the configurations of two finished runs on the questions they share, paired."""
    from assay.compare import compare_runs, comparison_table

    console().print(comparison_table(compare_runs(a, b, metric)))


@command(app, "ui")
def ui(
    port: Annotated[int, typer.Option(help="port on this machine")] = 5000,
    uri: Annotated[str, typer.Option(help="MLflow tracking store")] = "sqlite:///runs/mlflow.db",
) -> None:
    """Open the MLflow comparison of all runs in a browser."""
    from assay.tracking_server import serve

    serve(uri, port)
