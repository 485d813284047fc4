"""Assay: RAG or fine-tuning? Measure it.

    import assay

    finished = assay.run("configs/quickstart.yaml")
    finished.results.recommendation.because

Everything is imported when it is first used, so that ``import assay`` costs nothing.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assay.experiment import Experiment
    from assay.plan import Plan
    from assay.runner import Run
    from eval.results import Results

__all__ = ["load_experiment", "load_results", "plan", "run"]


def load_experiment(experiment: "str | Path | Mapping[str, Any] | Experiment") -> "Experiment":
    """An experiment from a YAML file, from a mapping of the same form, or as it is. Raises ``UserError``."""
    from assay.experiment import Experiment
    from assay.loading import load_experiment as from_file
    from assay.loading import parse_experiment

    if isinstance(experiment, Experiment):
        return experiment
    if isinstance(experiment, Mapping):
        return parse_experiment(experiment)
    return from_file(Path(experiment))


def run(
    experiment: "str | Path | Mapping[str, Any] | Experiment",
    *,
    store: str | Path = ".assay/store",
    runs: str | Path = "runs",
    tracking: bool = True,
    progress: bool = True,
) -> "Run":
    """Run an experiment; what the store holds is not computed again. The twin of ``assay run``.

    Returns the results, the per-question table and the folder with results.json, per_question.parquet and report.html.
    ``tracking`` logs to MLflow, ``progress`` shows bars. Raises ``UserError`` for what the user can mend.
    """
    _offline()
    from rich.console import Console

    from assay.runner import run_experiment

    loaded = load_experiment(experiment)
    console = Console() if progress else None
    return run_experiment(loaded, store=Path(store), runs=Path(runs), console=console, tracking=tracking)


def plan(experiment: "str | Path | Mapping[str, Any] | Experiment", *, store: str | Path = ".assay/store") -> "Plan":
    """The dry run: configurations, what the store holds, minutes and dollars. The twin of ``assay plan``."""
    _offline()
    from assay.plan import make_plan

    return make_plan(load_experiment(experiment), Path(store))


def load_results(folder: str | Path) -> "Results":
    """The results of a finished run's folder, such as ``runs/quickstart``. Raises ``UserError``."""
    from assay.finished import load_run

    return load_run(Path(folder))[0]


def _offline() -> None:
    import os

    from assay.offline import silence_telemetry

    silence_telemetry(os.environ)
