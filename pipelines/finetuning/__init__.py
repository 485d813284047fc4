"""How a model is tuned on a training set. One file a technique."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pipelines.finetuning.data import TrainingSet
from pipelines.records import TrainingPair
from pipelines.registry import Registry, field_of

Progress = Callable[[int, int, float], None]
"""Called after every optimiser step with the step, the number of steps and the loss."""


@dataclass(frozen=True)
class TuningTask:
    """One tuning: the base ``model``, a loaded causal language model (given back as it was, where adapters are tuned),
    its tokenizer and public name, and what to learn; an adapter or whole weights are left in ``folder``.

    ``dev`` tells when to stop early, where the config asks for it. In ``checkpoints`` the state is kept now and then; a
    training that was killed goes on from there and ends with the weights it would have had."""

    model: Any
    tokenizer: Any
    data: TrainingSet
    folder: Path
    base_name: str
    seed: int
    dev: Sequence[TrainingPair] = ()
    checkpoints: Path | None = None
    progress: Progress | None = None


class Trainer(Protocol):
    """Tunes a language model on a training set."""

    def __call__(self, task: TuningTask) -> Mapping[str, float]:
        """Returns measured quantities: ``seconds``, ``tokens`` (trained on, padding apart), ``steps``, ``loss``."""


trainers: Registry[Trainer] = Registry("finetuning", ["pipelines.finetuning"], "assay.finetuning")
FinetuningField = field_of(trainers)
