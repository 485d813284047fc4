"""Supervised fine-tuning with low-rank adapters: LoRA (Hu et al. 2021), DoRA (Liu et al. 2024) and, on a base model
loaded in four bits (``llm: {kind: hf, quantization: 4bit}``, CUDA), QLoRA (Dettmers et al. 2023)."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from pydantic import Field

from pipelines.errors import UserError
from pipelines.finetuning import Trainer, TuningTask, trainers
from pipelines.finetuning.supervised import SupervisedConfig, tuned


class LoraFinetuning(SupervisedConfig):
    """Supervised tuning of low-rank adapters (LoRA, DoRA; QLoRA on four-bit weights)."""

    kind: Literal["lora"] = "lora"
    rank: int = Field(16, ge=1, description="Rank of the adapter matrices.")
    alpha: float = Field(32, gt=0, description="Adapter scale: the product is multiplied by alpha / rank.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Dropout before the adapters; above 0 training is slower.")
    dora: bool = Field(False, description="DoRA: magnitude and direction of the weights are tuned apart; slower.")
    target_modules: Literal["all-linear"] | tuple[str, ...] = Field(
        "all-linear", description="Layers that get adapters: all but the output head, or a list of module names."
    )


@trainers.kind(LoraFinetuning)
def lora(config: LoraFinetuning) -> Trainer:
    """A trainer that leaves ``adapter_config.json`` and ``adapter_model.safetensors`` in the folder it is given."""

    def train(task: TuningTask) -> Mapping[str, float]:
        # The fused layers compute in the model's own dtype; autocast is for those that keep PEFT's forward.
        autocast = bool(config.dropout) or config.dora or getattr(task.model, "is_quantized", False)
        try:
            with tuned(config, task, adapter=_adapter(config), autocast=autocast) as (adapted, quantities):
                save_adapter(adapted, task.folder, task.base_name)
        except ValueError as error:
            if "arget module" not in str(error) and "target_modules" not in str(error):
                raise
            raise UserError(f"finetuning.target_modules {config.target_modules!r}: {error}") from error
        return quantities

    return train


def _adapter(config: LoraFinetuning) -> Any:
    from peft import LoraConfig

    return LoraConfig(
        r=config.rank,
        lora_alpha=config.alpha,
        lora_dropout=config.dropout,
        use_dora=config.dora,
        target_modules=config.target_modules if isinstance(config.target_modules, str) else [*config.target_modules],
        task_type="CAUSAL_LM",
    )


def save_adapter(adapted: Any, folder: Path, base_name: str) -> None:
    """Write the adapter alone, without the model card, naming its base by the public name."""
    adapted.peft_config["default"].base_model_name_or_path = base_name
    with TemporaryDirectory() as name:
        scratch = Path(name)
        adapted.save_pretrained(scratch, save_embedding_layers=False)  # "auto" would ask the hub for the base
        description = scratch / "adapter_config.json"
        fields = json.loads(description.read_text(encoding="utf-8"))
        # PEFT keeps the modules in a set, whose order changes from process to process.
        fields["target_modules"] = sorted(fields["target_modules"])
        description.write_text(json.dumps(fields, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        folder.mkdir(parents=True, exist_ok=True)
        for file in (description.name, "adapter_model.safetensors"):
            shutil.move(scratch / file, folder / file)
