"""What rounds of preference tuning work on: one configuration, before and after it learns preferences."""

from collections.abc import Mapping
from pathlib import Path

from assay.experiment import Configuration, Experiment
from assay.progress import Progress
from assay.stages import Stages
from assay.store import Entry, Store
from assay.variants import changed
from pipelines.errors import UserError
from pipelines.registry import nearest


def tunable(experiment: Experiment, name: str) -> Configuration:
    """The configuration ``name``. Raises ``UserError`` where it is none, or learns no preferences."""
    known = {one.id: one for one in experiment.configurations}
    if name not in known:
        raise UserError(f"--configuration {name}: no configuration of {experiment.name}; {nearest(name, known)}")
    if known[name].preference is None:
        hint = "give it one, such as preference: {kind: dpo, feedback: {kind: reference}}"
        raise UserError(f"--configuration {name}: has no preference, by which rounds are tuned; {hint}")
    return known[name]


def folder_of(experiment: Experiment, name: str, runs: Path) -> Path:
    """Where the rounds of a configuration are kept."""
    return runs / f"{experiment.name}-{name}-rounds"


def alone(experiment: Experiment, full: Configuration, store: Store, progress: Progress) -> Stages:
    """Stages of the experiment with round 0 alone: the configuration before it learns preferences."""
    base = changed(full, id="round-0", preference=None)
    economics = experiment.economics.model_copy(update={"status_quo": "no_system"})
    probe = experiment.latency.model_copy(update={"questions": 0})
    update = {"configurations": (base,), "contrasts": (), "economics": economics, "latency": probe}
    return Stages(experiment.model_copy(update=update), store, progress)


def stored(stages: Stages, key: str, name: str) -> Entry:
    """An adapter of an earlier round. Raises ``UserError`` where the store has lost it."""

    def missing(_: Path) -> Mapping[str, float]:
        raise UserError(
            f"{stages.store.root}: lacks the adapter of {name}; give the store that the rounds were made in"
        )

    return stages.compute(key, "adapter", missing)
