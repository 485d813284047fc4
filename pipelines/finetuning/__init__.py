"""How a model is tuned on a training set. One file a technique."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from pipelines.finetuning.data import TrainingSet
from pipelines.records import TrainingPair
from pipelines.registry import Registry, field_of

Progress = Callable[[int, int, float], None]
"""Called after every optimiser step with the step, the number of steps and the loss."""


class Trainer(Protocol):
    """Tunes a loaded causal language model and leaves what it learnt in ``folder``: an adapter or whole weights."""

    def __call__(
        self,
        model: object,
        tokenizer: object,
        data: TrainingSet,
        folder: Path,
        *,
        base_name: str,
        seed: int,
        dev: Sequence[TrainingPair] = (),
        checkpoints: Path | None = None,
        progress: Progress | None = None,
    ) -> Mapping[str, float]:
        """Returns measured quantities: ``seconds``, ``tokens`` (trained on, padding apart), ``steps``, ``loss``.

        ``dev`` tells when to stop early, where the config asks for it. In ``checkpoints`` the state is kept now and
        then; a training that was killed goes on from there and ends with the weights it would have had."""


trainers: Registry[Trainer] = Registry("finetuning", ["pipelines.finetuning"], "assay.finetuning")
FinetuningField = field_of(trainers)
