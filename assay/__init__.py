"""Assay: RAG or fine-tuning? Measure it.

    import assay

    finished = assay.run("configs/quickstart.yaml")
    finished.results.recommendation.because

Everything is imported when it is first used, so that ``import assay`` costs nothing.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assay.ablation import Ablation
    from assay.drafting import Drafted
    from assay.experiment import Experiment
    from assay.pipeline import Pipeline
    from assay.planning import Plan
    from assay.retrieval_results import RetrievalComparison
    from assay.review import Review
    from assay.rounds import Finished
    from assay.runner import Run
    from assay.training_card import PreparedSet
    from eval.economics.statement import Statement
    from eval.results import Results
    from pipelines.records import Split

__all__ = [
    "ablate",
    "draft_questions",
    "load_experiment",
    "load_pipeline",
    "load_results",
    "open_review",
    "plan",
    "retrieve",
    "roi",
    "run",
    "run_rounds",
    "training_set",
]


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
    from assay.planning import make_plan

    return make_plan(load_experiment(experiment), Path(store))


def ablate(
    experiment: "str | Path | Mapping[str, Any] | Experiment",
    configuration: str,
    *,
    store: str | Path = ".assay/store",
    runs: str | Path = "runs",
    tracking: bool = True,
    progress: bool = True,
) -> "Ablation":
    """Turn off each stage of one configuration in turn, into ``runs/<experiment>-ablation``. The twin of
    ``assay ablate``. Raises ``UserError`` for what the user can mend."""
    _offline()
    from rich.console import Console

    from assay.ablation import ablate as run_ablation

    loaded = load_experiment(experiment)
    console = Console() if progress else None
    return run_ablation(loaded, configuration, store=Path(store), runs=Path(runs), console=console, tracking=tracking)


def retrieve(
    experiment: "str | Path | Mapping[str, Any] | Experiment",
    *,
    against: Sequence[str] = (),
    store: str | Path = ".assay/store",
    runs: str | Path = "runs",
    progress: bool = True,
) -> "RetrievalComparison":
    """Compare what the retrieved configurations find, before any answer is paid for. The twin of ``assay retrieve``."""
    _offline()
    from rich.console import Console

    from assay.comparing_retrieval import compare_retrieval

    console = Console() if progress else None
    loaded = load_experiment(experiment)
    return compare_retrieval(loaded, store=Path(store), runs=Path(runs), against=against, console=console)


def roi(run_folder: str | Path, scenario: "str | Path | Mapping[str, Any] | None" = None) -> "Statement":
    """The money of a finished run, under its own scenario or another one (a YAML file, or a mapping of the same form);
    the twin of ``assay roi``. Writes roi.json and roi.md in the folder. Raises ``UserError``."""
    from assay.scenario import reckon_again

    return reckon_again(Path(run_folder), Path(scenario) if isinstance(scenario, str) else scenario)


def draft_questions(
    folder: str | Path,
    out: str | Path,
    *,
    llm: str | None = "embedded",
    language: str = "en",
    seed: int = 0,
    force: bool = False,
    store: str | Path = ".assay/store",
    progress: bool = True,
) -> "Drafted":
    """Draft questions with gold passages from a folder of documents, for a person to review; the twin of
    ``assay data questions``. ``llm=None`` takes tables and key-value lines alone. Raises ``UserError``."""
    _offline()
    from rich.console import Console

    from assay.drafting import draft_questions as draft
    from assay.progress import Progress

    bars = Progress(Console() if progress else None)
    return draft(
        Path(folder),
        Path(out),
        llm=llm,
        language=language,
        seed=seed,
        force=force,
        store=Path(store),
        progress=bars,
    )


def open_review(questions: str | Path, split: "Split | None" = None) -> "Review":
    """Accept, edit or reject drafted questions in a notebook; the twin of ``assay data review``."""
    from assay.review import open_review as opened

    return opened(questions, split)


def training_set(
    experiment: "str | Path | Mapping[str, Any] | Experiment",
    configuration: str,
    *,
    store: str | Path = ".assay/store",
    progress: bool = True,
) -> "PreparedSet":
    """What a tuned configuration learns from, with its card; the twin of ``assay data card``. Raises ``UserError``."""
    _offline()
    from rich.console import Console

    from assay.training_card import prepare_training_set

    console = Console() if progress else None
    return prepare_training_set(load_experiment(experiment), configuration, Path(store), console)


def run_rounds(
    experiment: "str | Path | Mapping[str, Any] | Experiment",
    configuration: str,
    number: int = 2,
    *,
    only_better: bool = False,
    store: str | Path = ".assay/store",
    runs: str | Path = "runs",
    tracking: bool = True,
    progress: bool = True,
) -> "Finished":
    """Rounds of preference tuning of one configuration until there are ``number``; those that are shown worse are
    rolled back, or, with ``only_better``, those not shown better. The twin of ``assay rounds``.

    Raises ``UserError`` for what the user can mend."""
    _offline()
    from rich.console import Console

    from assay.rounds import run_rounds as run_them

    return run_them(
        load_experiment(experiment),
        configuration,
        number,
        gate="better" if only_better else "not_worse",
        store=Path(store),
        runs=Path(runs),
        console=Console() if progress else None,
        tracking=tracking,
    )


def load_pipeline(
    run_folder: str | Path,
    configuration_id: str | None = None,
    store: str | Path = ".assay/store",
    *,
    progress: bool = False,
) -> "Pipeline":
    """A configuration of a finished run, the recommended one where none is named, ready to answer questions; the twin
    of ``assay serve``. ``assay.export`` makes LangChain, LlamaIndex and MLflow objects of it.

    What the store lacks is computed again, with bars where ``progress`` is set. Raises ``UserError`` for what the user
    can mend.
    """
    _offline()
    from rich.console import Console

    from assay.serving.loading import load_pipeline as from_run

    return from_run(Path(run_folder), configuration_id, Path(store), Console() if progress else None)


def load_results(folder: str | Path) -> "Results":
    """The results of a finished run's folder, such as ``runs/quickstart``. Raises ``UserError``."""
    from assay.finished import load_run

    return load_run(Path(folder))[0]


def _offline() -> None:
    import os

    from assay.offline import silence_telemetry

    silence_telemetry(os.environ)
