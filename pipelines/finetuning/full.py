"""Supervised fine-tuning of all weights.

Trained in float32, because updates of a small learning rate vanish in bfloat16, and saved in the model's own dtype.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from pipelines.errors import UserError
from pipelines.finetuning import Progress, Trainer, trainers
from pipelines.finetuning.data import TrainingSet
from pipelines.finetuning.supervised import SupervisedConfig, Task, tuned
from pipelines.generation.tuned_weights import BASE, WHOLE
from pipelines.records import TrainingPair


class FullFinetuning(SupervisedConfig):
    """Supervised tuning of all weights; four times the memory of the base model and more."""

    kind: Literal["full"] = "full"
    learning_rate: float = Field(5e-5, gt=0, description="Peak learning rate of AdamW.")


@trainers.kind(FullFinetuning)
def full(config: FullFinetuning) -> Trainer:
    """A trainer that leaves ``weights.safetensors``, all parameters by name, in the folder it is given."""

    def train(
        model: Any,
        tokenizer: Any,
        data: TrainingSet,
        folder: Path,
        *,
        base_name: str,
        seed: int,
        dev: Sequence[TrainingPair] = (),
        checkpoints: Path | None = None,
        progress: Progress | None = None,
    ) -> Mapping[str, float]:
        if getattr(model, "is_quantized", False):
            raise UserError(
                "finetuning: quantised weights cannot be tuned whole; use kind lora, or leave quantization out"
            )
        dtype = model.dtype
        whole = model.float().requires_grad_(True)
        task = Task(config, whole, tokenizer, data, dev, seed, checkpoints, progress)
        with tuned(task) as (adapted, quantities):
            _save(adapted, folder, base_name, dtype)
        return quantities

    return train


def _save(model: Any, folder: Path, base_name: str, dtype: Any) -> None:
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: value.detach().to(dtype).contiguous() for name, value in model.named_parameters()}, folder / WHOLE)
    (folder / BASE).write_text(json.dumps({"base_model_name_or_path": base_name}) + "\n", encoding="utf-8")
