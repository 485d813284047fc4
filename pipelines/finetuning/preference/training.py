"""What DPO and the reward model share: encoded pairs, a trainer that stops at a loss that is no number, progress."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from pipelines.errors import UserError
from pipelines.finetuning.examples import IGNORED, encode_pairs
from pipelines.finetuning.preference import PreferencePair
from pipelines.records import TrainingPair
from pipelines.registry import Closed


class TrainingFields(Closed):
    """Fields that both have."""

    batch_size: int = Field(8, ge=1, description="Pairs that are computed together.")
    accumulate: int = Field(
        1, ge=1, description="Batches per optimiser step; raise it and lower batch_size for memory."
    )
    warmup_ratio: float = Field(0.1, ge=0, lt=1, description="Share of the steps in which the learning rate rises.")
    max_grad_norm: float = Field(1.0, gt=0, description="Gradients are scaled down to this norm.")
    max_length: int = Field(1024, ge=2, description="Longest prompt with an answer in tokens; never cut.")


def encode(pairs: Sequence[PreferencePair], tokenizer: Any, max_length: int) -> list[dict[str, list[int]]]:
    """``prompt_ids``, ``chosen_ids`` and ``rejected_ids`` of each pair, tokenised as supervised tuning does it: prompt
    and answer as one text, an answer that ends its line without end-of-text token. The completions begin where the
    first of them parts from the prompt. Raises ``UserError`` naming a pair that is too long or has an empty answer."""
    sides = [
        encode_pairs([TrainingPair(p.prompt, getattr(p, side), p.question_id) for p in pairs], tokenizer, max_length)
        for side in ("chosen", "rejected")
    ]
    rows = []
    for chosen, rejected in zip(*sides, strict=True):
        start = min(one["labels"].count(IGNORED) for one in (chosen, rejected))
        rows.append(
            {
                "prompt_ids": chosen["input_ids"][:start],
                "chosen_ids": chosen["input_ids"][start:],
                "rejected_ids": rejected["input_ids"][start:],
            }
        )
    return rows


def whole(rows: Sequence[Mapping[str, list[int]]]) -> list[dict[str, list[int]]]:
    """Prompt and completion of each side as one sequence, for the reward model."""
    return [{f"{side}_ids": row["prompt_ids"] + row[f"{side}_ids"] for side in ("chosen", "rejected")} for row in rows]


def longest(rows: Sequence[Mapping[str, list[int]]]) -> int:
    """Tokens of the longest prompt with a completion."""
    return max(len(row["prompt_ids"]) + max(len(row["chosen_ids"]), len(row["rejected_ids"])) for row in rows)


def tokens(rows: Sequence[Mapping[str, list[int]]]) -> int:
    """Tokens of both sides of all pairs, prompts included."""
    return sum(2 * len(row["prompt_ids"]) + len(row["chosen_ids"]) + len(row["rejected_ids"]) for row in rows)


def guarded(base: type[Any]) -> type[Any]:
    """``base``, a TRL trainer, that takes encoded pairs as they are, keeps ``losses``, one a step, and logs nothing."""

    class Guarded(base):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            self.losses: list[float] = []
            self.parts: list[float] = []
            super().__init__(*arguments, **options)

        def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
            return dataset

        def compute_loss(self, model: Any, inputs: Any, *arguments: Any, **options: Any) -> Any:
            loss = super().compute_loss(model, inputs, *arguments, **options)
            value = float((loss[0] if isinstance(loss, tuple) else loss).detach())
            if not -float("inf") < value < float("inf"):
                place = f"step {self.state.global_step + 1} of {self.state.max_steps}"
                raise UserError(
                    f"the preference loss became {value} at {place}; lower learning_rate "
                    f"(now {self.args.learning_rate:g}) or max_grad_norm"
                )
            self.parts.append(value)
            return loss

        def _send_telemetry(self) -> None:
            """Nothing is sent, whatever the environment says."""

        def log(self, logs: Any, start_time: float | None = None) -> None:
            """Nothing is logged: progress goes through the callback."""

    return Guarded


def arguments(config: TrainingFields, scratch: str, *, seed: int, cpu: bool, **own: Any) -> dict[str, Any]:
    """Arguments of TRL that both trainers take; ``own`` are further ones."""
    return {
        "output_dir": scratch,
        "per_device_train_batch_size": config.batch_size,
        "gradient_accumulation_steps": config.accumulate,
        "warmup_steps": config.warmup_ratio,
        "lr_scheduler_type": "cosine",
        "max_grad_norm": config.max_grad_norm,
        "optim": "adamw_torch_fused",
        "seed": seed,
        "data_seed": seed,
        "max_length": None,
        "pad_to_multiple_of": None,
        "gradient_checkpointing": False,
        "use_cpu": cpu,
        "dataloader_pin_memory": not cpu,
        "save_strategy": "no",
        "logging_strategy": "no",
        "report_to": [],
        "disable_tqdm": True,
        **own,
    }


def watch(trainer: Any, progress: Any) -> None:
    """Collect a loss for each step, and tell ``progress``."""
    from transformers import PrinterCallback, TrainerCallback

    class Watch(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            trainer.losses.append(sum(trainer.parts) / len(trainer.parts))
            trainer.parts.clear()
            if progress is not None:
                progress(state.global_step, state.max_steps, trainer.losses[-1])

    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(Watch())
