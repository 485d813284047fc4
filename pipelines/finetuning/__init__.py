"""How a model is tuned on training pairs. One file a technique."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from pipelines.records import TrainingPair
from pipelines.registry import Registry, field_of

Progress = Callable[[int, int, float], None]
"""Called after every optimiser step with the step, the number of steps and the loss."""


class Trainer(Protocol):
    """Tunes a loaded causal language model and leaves a PEFT adapter in ``folder``."""

    def __call__(
        self,
        model: object,
        tokenizer: object,
        pairs: Sequence[TrainingPair],
        folder: Path,
        *,
        base_name: str,
        seed: int,
        progress: Progress | None = None,
    ) -> Mapping[str, float]:
        """Returns measured quantities: ``seconds``, ``tokens`` (trained on, padding apart), ``steps``, ``loss``."""


trainers: Registry[Trainer] = Registry("finetuning", ["pipelines.finetuning"], "assay.finetuning")
FinetuningField = field_of(trainers)
