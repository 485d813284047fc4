"""The work done by Assay, with everything that one of its runs does."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from assay.progress import REST

from .measured import EXTRA, PARTS, Measured

_STEPS = {"answering test questions": "answer", "latency probe": "probe", "tuning": "tune"}


def run(experiment_file: Path, overrides: Sequence[str], folder: Path) -> Measured:
    """One cold run: store, runs and caches lie below ``folder``, which is empty."""
    from assay.loading import as_yaml, load_experiment
    from assay.runner import run_experiment
    from assay.tracking import log_run

    experiment = load_experiment(experiment_file, overrides)
    done = run_experiment(experiment, store=folder / "store", runs=folder / "runs", tracking=False)
    parts = by_part(done.results.timings)
    started = time.perf_counter()
    uri = f"sqlite:///{folder / 'runs' / 'mlflow.db'}"
    log_run(done.results, done.per_question, done.folder, experiment_yaml=as_yaml(experiment), uri=uri)
    parts["log"] += time.perf_counter() - started
    configurations = done.results.configurations
    environment = done.results.environment
    return Measured(
        parts=parts,
        scores={c.id: (c.metrics["f1"].mean, c.metrics["exact_match"].mean) for c in configurations},
        prompts={c.id: str(c.params["prompt"]) for c in configurations},
        machine=f"{environment.cpu}, {environment.threads} threads, Python {environment.python}",
    )


def by_part(timings: Mapping[str, float]) -> dict[str, float]:
    """Assay's own step times under the names of the comparison; a step the other stacks do not have is extra."""
    parts = dict.fromkeys((*PARTS, EXTRA), 0.0)
    for step, seconds in timings.items():
        if step == REST:  # imports and loading, which the total has and no part of the others has either
            continue
        part = "index" if step.startswith("index ") else _STEPS.get(step, EXTRA)
        parts[part] += seconds
    return parts
