"""The supervised loss, taken at completion positions only, as a TRL trainer.

TRL 1.16 projects every position onto the whole vocabulary outside Triton devices, and computes entropy and top-1
accuracy besides. With prompts of 35 tokens and answers of 6 that is six times the needed work in the largest matrix of
a small model.
"""

import time
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.errors import UserError
from pipelines.finetuning import checkpoints
from pipelines.finetuning.examples import IGNORED, Examples

CHECKPOINT_SECONDS = 60.0
"""How much training a kill may cost."""

_LOGIT_CHANGES = ("final_logit_softcapping", "logit_scale", "output_multiplier", "lm_head_multiplier", "logits_scaling")


def completion_loss(model: Any, inputs: Any) -> Any:
    """Mean negative log-likelihood of the labelled tokens, a scalar tensor.

    ``inputs`` holds ``input_ids``, ``attention_mask`` and ``labels``, each ``[batch, length]``; the logits of position
    t predict the label of t + 1. The softmax is taken in float32.
    """
    import torch

    body = getattr(model, model.base_model_prefix)
    hidden = body(
        input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], use_cache=False
    ).last_hidden_state
    labels = inputs["labels"][:, 1:]
    counted = labels != IGNORED
    logits = model.get_output_embeddings()(hidden[:, :-1][counted])  # [counted tokens, vocabulary]
    return torch.nn.functional.cross_entropy(logits.float(), labels[counted])


def has_plain_head(model: Any) -> bool:
    """Whether the logits are the output embedding of the last hidden state and nothing else."""
    config = model.config.get_text_config()
    plain = all(getattr(config, name, None) in (None, 1.0) for name in _LOGIT_CHANGES)
    return plain and not getattr(config, "output_router_logits", False) and bool(model.base_model_prefix)


@cache
def completion_trainer() -> Any:
    """``SFTTrainer`` with ``completion_loss``; models with another head keep TRL's. ``losses`` holds one per step.

    Where ``checkpoints`` names a folder, its state is kept there every ``CHECKPOINT_SECONDS`` and by ``keep``.
    """
    import torch
    from trl import SFTTrainer

    class CompletionTrainer(SFTTrainer):
        checkpoints: Path | None = None
        started = seconds_before = 0.0
        resumed: Path | None = None
        epoch_random: Any = None

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.losses: list[float] = []
            self.dev_losses: list[float] = []
            self.parts: list[float] = []
            self.base = self.model.get_base_model() if hasattr(self.model, "peft_config") else self.model
            self.plain = has_plain_head(self.base)
            self.add_callback(_keeper(self))

        @property
        def seconds(self) -> float:
            """Seconds of training, those before a kill included."""
            return self.seconds_before + time.perf_counter() - self.started

        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            if self.plain and not return_outputs:
                loss = completion_loss(self.base, inputs)
                if self.args.gradient_accumulation_steps > 1:  # a step's loss is the mean over its tokens
                    loss = loss * (inputs["labels"][:, 1:] != IGNORED).sum() / num_items_in_batch
            else:
                loss = super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
            value = float((loss[0] if return_outputs else loss).detach())
            if not -float("inf") < value < float("inf"):
                raise UserError(self._no_number(value))
            self.parts.append(value)
            return loss

        def _no_number(self, value: float) -> str:
            place = f"the training loss became {value} at step {self.state.global_step + 1} of {self.state.max_steps}"
            kept = checkpoints.latest(self.checkpoints)
            where = f"; the last good checkpoint is kept in {kept}" if kept else ""
            return f"{place}; lower learning_rate (now {self.args.learning_rate:g}) or max_grad_norm{where}"

        def mean_loss(self, examples: Examples) -> float:
            """Mean loss per labelled token over ``examples``, without training."""
            total, tokens = 0.0, 0
            self.model.eval()
            with torch.no_grad():
                for start in range(0, len(examples), self.args.per_device_train_batch_size):
                    batch = self.data_collator(examples[start : start + self.args.per_device_train_batch_size])
                    inputs = {name: value.to(self.model.device) for name, value in batch.items()}
                    loss = completion_loss(self.base, inputs) if self.plain else self.model(**inputs).loss
                    labelled = int((inputs["labels"][:, 1:] != IGNORED).sum())
                    total, tokens = total + float(loss) * labelled, tokens + labelled
            self.model.train()
            return total / tokens

        def keep(self) -> None:
            """Write a checkpoint where the training stands now; nothing where it has not gone a step."""
            if self.checkpoints is not None and self.epoch_random is not None:
                state = {"losses": self.losses, "dev": self.dev_losses, "seconds": self.seconds}
                checkpoints.write(self, self.checkpoints, state)

        def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
            self.resumed = Path(resume_from_checkpoint)
            checkpoints.read_weights(self, Path(resume_from_checkpoint))

        def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
            if checkpoint is not None:
                checkpoints.read_optimizer(self, Path(checkpoint))

        def _load_rng_state(self, checkpoint: str | None) -> None:
            if checkpoint is not None:
                checkpoints.read_random(Path(checkpoint))

        def _load_scaler(self, checkpoint: str | None) -> None:
            """The scale of half precision finds itself again in a few steps."""

        def _send_telemetry(self) -> None:
            """Nothing is sent, whatever the environment says."""

        def log(self, logs: Any, start_time: float | None = None) -> None:
            """Nothing is logged: progress goes through the callback."""

    return CompletionTrainer


def _keeper(trainer: Any) -> Any:
    """Adds up a step's loss, and keeps a checkpoint when the last one is old."""
    import torch
    from transformers import TrainerCallback

    class Keeper(TrainerCallback):
        kept = time.perf_counter()

        def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if trainer.resumed is not None:
                steps = state.max_steps // round(args.num_train_epochs)
                checkpoints.read_epoch_random(trainer.resumed, begins=state.global_step % steps == 0)
                trainer.resumed = None
            trainer.epoch_random = torch.random.get_rng_state()

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            trainer.losses.append(sum(trainer.parts))
            trainer.parts.clear()
            if time.perf_counter() - self.kept > CHECKPOINT_SECONDS:
                trainer.keep()
                self.kept = time.perf_counter()

    return Keeper()
