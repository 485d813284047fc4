"""Learning from labelled questions: what encoders, rerankers and fusion weights are trained on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from pipelines.records import Chunk, Hits

Report = Callable[[int, int, float], None]
"""Called with the step, the steps in all, and the loss."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A question and the ids of the chunks that support it, with their grades. ``hits`` are what a first search found
    for it (negatives are drawn from there); empty where no search comes before.
    ``hops`` are the same ids by gold passage, in the order of reading, and ``answer`` is what a model should answer."""

    query: str
    relevant: Mapping[str, int]
    hits: Hits = Hits((), ())  # noqa: RUF009 - frozen
    hops: tuple[tuple[str, ...], ...] = ()
    answer: str = ""


@dataclass(frozen=True)
class Material:
    """Labelled questions of train and dev over one set of chunks; never of test."""

    chunks: Sequence[Chunk]
    train: tuple[Labelled, ...]
    dev: tuple[Labelled, ...]
    seed: int


@runtime_checkable
class Learner(Protocol):
    """A post-processor that is trained before its first use."""

    def fit(self, material: Material, folder: Path, report: Report) -> Mapping[str, float]:
        """Write what was learnt into ``folder`` (safetensors, JSON); returns measured quantities."""

    def open(self, folder: Path) -> Any:
        """The trained post-processor."""
