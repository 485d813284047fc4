"""Tuned weights that are there already: a PEFT adapter, or whole weights as ``full`` leaves them.

What tuning them cost is declared, not measured, and enters the ledger as it is declared.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationInfo, model_validator

from pipelines.checksums import with_checksum
from pipelines.finetuning import Trainer, TuningTask, trainers
from pipelines.generation.tuned_weights import BASE, WHOLE, check_base
from pipelines.registry import StageConfig

FILES = ("adapter_config.json", "adapter_model.safetensors", WHOLE, BASE)


class ExistingWeights(StageConfig):
    """Weights tuned elsewhere: a PEFT adapter in a folder, with the training cost you declare."""

    kind: Literal["existing"] = "existing"
    folder: str = Field(description="folder of the adapter (safetensors), relative to the experiment's")
    seconds: float = Field(0.0, ge=0, description="machine seconds that tuning took, for the ledger")
    tokens: float = Field(0.0, ge=0, description="tokens it was tuned on, for the ledger")
    sha256: str = Field("", description="checksum of the weights; filled in, so that changed weights are others")

    @model_validator(mode="before")
    @classmethod
    def _with_checksum(cls, data: Any, info: ValidationInfo) -> Any:
        missing = "{path} holds no adapter_config.json with adapter_model.safetensors"
        return with_checksum(data, info, "folder", missing, lambda folder: [folder / name for name in FILES])


@trainers.kind(ExistingWeights)
def existing(config: ExistingWeights) -> Trainer:
    """Copies the weights. Raises ``UserError`` where they name another base."""

    def train(task: TuningTask) -> Mapping[str, float]:
        source = Path(config.folder)
        check_base(source, task.base_name)
        task.folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            if (source / name).is_file():
                shutil.copyfile(source / name, task.folder / name)
        return {"seconds": config.seconds, "tokens": config.tokens, "steps": 0.0, "loss": 0.0}

    return train
