"""Early stopping: the weights of the epoch with the lowest loss on dev are the ones that are kept (Prechelt 1998)."""

from pathlib import Path
from typing import Any

from pipelines.finetuning import checkpoints
from pipelines.finetuning.examples import Examples


class EarlyStopping:
    """Watches a trainer: after every epoch it measures the loss on dev, and stops after ``patience`` epochs without a
    lower one. Beside the trainer's checkpoints it keeps the best weights, for a training that is killed."""

    def __init__(self, trainer: Any, dev: Examples, patience: int | None) -> None:
        self.trainer, self.dev, self.patience = trainer, dev, patience or 1
        self.losses: list[float] = trainer.dev_losses
        self.best: dict[str, Any] = {}
        trainer.add_callback(_callback(self))

    @property
    def over(self) -> bool:
        """Whether the last ``patience`` epochs brought nothing."""
        if not self.losses:
            return False
        return len(self.losses) - 1 - self.losses.index(min(self.losses)) >= self.patience

    def epoch_ended(self) -> None:
        """Measure, and keep the weights where they are the best so far."""
        self.losses.append(self.trainer.mean_loss(self.dev))
        if self.losses[-1] == min(self.losses):
            self.best = checkpoints.trained(self.trainer.model)
        if self.trainer.checkpoints is not None:
            self._keep(self.trainer.checkpoints)

    def restore_best(self) -> None:
        """Put the best epoch's weights into the model."""
        if self.best:
            checkpoints.restore(self.trainer.model, self.best)

    def resume(self, folder: Path, losses: list[float]) -> None:
        """Go on from the ``losses`` of a checkpoint and the best weights beside it."""
        from safetensors.torch import load_file

        self.losses[:] = losses
        if losses:
            self.best = load_file(folder / self._name)

    def _keep(self, folder: Path) -> None:
        """The weights first, then the checkpoint whose losses point to them; a kill between the two loses nothing."""
        from safetensors.torch import save_file

        folder.mkdir(parents=True, exist_ok=True)
        part = folder / "best.part"
        save_file(self.best, part)
        part.replace(folder / self._name)
        self.trainer.keep()
        for path in folder.glob("best-*"):
            if path.name != self._name:
                path.unlink()

    @property
    def _name(self) -> str:
        return f"best-{self.losses.index(min(self.losses))}.safetensors"


def _callback(stopping: EarlyStopping) -> Any:
    from transformers import TrainerCallback

    class Watch(TrainerCallback):
        def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            stopping.epoch_ended()
            control.should_training_stop = stopping.over

    return Watch()
