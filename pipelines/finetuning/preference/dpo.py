"""Direct preference optimisation of a LoRA adapter (Rafailov et al. 2023), on TRL."""

import time
from collections.abc import Mapping
from contextlib import nullcontext
from tempfile import TemporaryDirectory
from typing import Any, Literal

from pydantic import Field

from pipelines.errors import UserError
from pipelines.finetuning.fast_attention import fast_attention
from pipelines.finetuning.fused_lora import fused_lora
from pipelines.finetuning.lora import save_adapter
from pipelines.finetuning.preference import PreferenceConfig, PreferenceTask, PreferenceTrainer, preferences
from pipelines.finetuning.preference.training import TrainingFields, arguments, encode, guarded, longest, tokens, watch
from pipelines.renamed import without_rename_warnings


class DpoConfig(PreferenceConfig, TrainingFields):
    """DPO: the best sampled answer is made likelier than the worst, measured from the adapter before."""

    kind: Literal["dpo"] = "dpo"
    beta: float = Field(0.1, gt=0, description="How strongly the adapter is held to the one before; greater is closer.")
    loss: Literal["sigmoid", "ipo"] = Field("sigmoid", description="DPO's own loss, or IPO's (Azar et al. 2024).")
    sft_weight: float = Field(
        0.0, ge=0, description="Weight of the supervised loss on the preferred answers beside it; keeps them likely."
    )
    learning_rate: float = Field(1e-4, gt=0, description="Peak learning rate of AdamW.")
    epochs: int = Field(1, ge=1, description="Passes over the pairs.")


@preferences.kind(DpoConfig)
def dpo(config: DpoConfig) -> PreferenceTrainer:
    """A trainer that leaves ``adapter_config.json`` and ``adapter_model.safetensors`` in the task's folder.

    The loss of a pair is ``-log sigmoid(beta * (log p(w)/r(w) - log p(l)/r(l)))`` with p the tuned and r the reference
    probability of the whole answer, w the chosen and l the rejected one. The reference is a frozen second copy of the
    adapter that tuning starts from.
    """

    def train(task: PreferenceTask) -> Mapping[str, float]:
        from peft import PeftModel

        if not task.pairs:
            raise UserError("preference: no pair is left to tune on; draw more samples, or give more feedback")
        if not (task.adapter / "adapter_config.json").is_file():
            raise UserError(f"preference: {task.adapter} holds no LoRA adapter; tune with finetuning: lora first")
        rows = encode(task.pairs, task.tokenizer, config.max_length)
        with TemporaryDirectory() as scratch, without_rename_warnings():
            adapted = PeftModel.from_pretrained(task.model, task.adapter, is_trainable=True)
            quantities = _tune(config, task, adapted, rows, scratch)
            adapted.delete_adapter("ref")
            save_adapter(adapted, task.folder, task.base_name)
        return quantities

    return train


def _tune(config: DpoConfig, task: PreferenceTask, adapted: Any, rows: Any, scratch: str) -> dict[str, float]:
    import torch
    from datasets import Dataset
    from trl import DPOConfig, DPOTrainer

    cpu, settings = task.model.device.type == "cpu", adapted.peft_config["default"]
    plain = not (settings.lora_dropout or settings.use_dora or getattr(task.model, "is_quantized", False))
    own = {
        "num_train_epochs": config.epochs,
        "learning_rate": config.learning_rate,
        "beta": config.beta,
        "loss_type": [config.loss, "sft"] if config.sft_weight else [config.loss],
        "loss_weights": [1.0, config.sft_weight] if config.sft_weight else None,
        "bf16": not plain and task.model.dtype == torch.bfloat16,
        "fp16": task.model.dtype == torch.float16,
    }
    trainer = guarded(DPOTrainer)(
        model=adapted,
        args=DPOConfig(**arguments(config, scratch, seed=task.seed, cpu=cpu, **own)),
        train_dataset=Dataset.from_list(rows),
        processing_class=task.tokenizer,
    )
    watch(trainer, task.progress)
    started = time.perf_counter()
    fused = fused_lora(adapted) if plain and not trainer.args.fp16 else nullcontext()
    with fast_attention(task.model, longest(rows)), fused:
        trainer.train()
    last = max(1, len(trainer.losses) // config.epochs)
    return {
        "seconds": time.perf_counter() - started,
        "tokens": float(tokens(rows) * config.epochs),
        "steps": float(trainer.state.global_step),
        "loss": sum(trainer.losses[-last:]) / last,
    }
