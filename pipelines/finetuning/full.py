"""Supervised fine-tuning of all weights.

Trained in float32, because updates of a small learning rate vanish in bfloat16, and saved in the model's own dtype.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from pipelines.errors import UserError
from pipelines.finetuning import Trainer, TuningTask, trainers
from pipelines.finetuning.supervised import SupervisedConfig, tuned
from pipelines.generation.tuned_weights import BASE, WHOLE


class FullFinetuning(SupervisedConfig):
    """Supervised tuning of all weights; four times the memory of the base model and more."""

    kind: Literal["full"] = "full"
    learning_rate: float = Field(5e-5, gt=0, description="Peak learning rate of AdamW.")


@trainers.kind(FullFinetuning)
def full(config: FullFinetuning) -> Trainer:
    """A trainer that leaves ``weights.safetensors``, all parameters by name, in the folder it is given."""

    def train(task: TuningTask) -> Mapping[str, float]:
        if getattr(task.model, "is_quantized", False):
            raise UserError(
                "finetuning: quantised weights cannot be tuned whole; use kind lora, or leave quantization out"
            )
        dtype = task.model.dtype
        whole = replace(task, model=task.model.float().requires_grad_(True))
        with tuned(config, whole) as (adapted, quantities):
            _save(adapted, task.folder, task.base_name, dtype)
        return quantities

    return train


def _save(model: Any, folder: Path, base_name: str, dtype: Any) -> None:
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: value.detach().to(dtype).contiguous() for name, value in model.named_parameters()}, folder / WHOLE)
    (folder / BASE).write_text(json.dumps({"base_model_name_or_path": base_name}) + "\n", encoding="utf-8")
