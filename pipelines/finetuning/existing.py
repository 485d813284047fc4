"""Tuned weights that are there already: a PEFT adapter, or whole weights as ``full`` leaves them.

What tuning them cost is declared, not measured, and enters the ledger as it is declared.
"""

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from pipelines.errors import UserError
from pipelines.finetuning import Progress, Trainer, trainers
from pipelines.finetuning.data import TrainingSet
from pipelines.generation.tuned_weights import BASE, WHOLE, tuned_on
from pipelines.records import TrainingPair
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
        """The absolute folder and the checksum of what stands there. A finished experiment that knows the checksum can
        be opened where the folder is gone."""
        if not isinstance(data, dict) or not isinstance(data.get("folder"), str):
            return data
        folder = Path((info.context or {}).get("folder", "."), data["folder"]).resolve()
        there = [folder / name for name in FILES if (folder / name).is_file()]
        if there:
            content = b"".join(hashlib.sha256(path.read_bytes()).digest() for path in there)
            return {**data, "folder": str(folder), "sha256": hashlib.sha256(content).hexdigest()}
        if not data.get("sha256"):
            message = "{folder} holds no adapter_config.json with adapter_model.safetensors"
            raise PydanticCustomError("existing_weights", message, {"folder": str(folder)})
        return {**data, "folder": str(folder)}


@trainers.kind(ExistingWeights)
def existing(config: ExistingWeights) -> Trainer:
    """Copies the weights. Raises ``UserError`` where they name another base."""

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
        source = Path(config.folder)
        base = tuned_on(source)
        if base and base != base_name:
            raise UserError(f"{source}: tuned on {base}, but the language model is {base_name}")
        folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            if (source / name).is_file():
                shutil.copyfile(source / name, folder / name)
        return {"seconds": config.seconds, "tokens": config.tokens, "steps": 0.0, "loss": 0.0}

    return train
