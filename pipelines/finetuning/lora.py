"""Supervised fine-tuning with low-rank adapters (LoRA, Hu et al. 2021), on TRL and PEFT."""

import json
import shutil
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from pydantic import Field

from pipelines.errors import UserError
from pipelines.finetuning import Progress, Trainer, trainers
from pipelines.finetuning.examples import encode_pairs
from pipelines.finetuning.fused_lora import fused_lora
from pipelines.finetuning.loss import completion_trainer
from pipelines.records import TrainingPair
from pipelines.registry import StageConfig

_EAGER_UP_TO = 256
"""Longest example, in tokens, trained with plain attention on a CPU. The flash kernel's backward is slower up to 1,024
tokens, but the gain shrinks with the length while the memory for the scores grows with its square."""


class LoraFinetuning(StageConfig):
    """Supervised tuning of low-rank adapters on question-answer pairs."""

    kind: Literal["lora"] = "lora"
    rank: int = Field(16, ge=1, description="Rank of the adapter matrices.")
    alpha: float = Field(32, gt=0, description="Adapter scale: the product is multiplied by alpha / rank.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Dropout before the adapters; above 0 training is slower.")
    target_modules: Literal["all-linear"] | tuple[str, ...] = Field(
        "all-linear", description="Layers that get adapters: all but the output head, or a list of module names."
    )
    learning_rate: float = Field(2e-3, gt=0, description="Peak learning rate of AdamW.")
    epochs: int = Field(4, ge=1, description="Passes over the training pairs.")
    batch_size: int = Field(8, ge=1, description="Pairs per optimiser step.")
    warmup_ratio: float = Field(0.1, ge=0, lt=1, description="Share of the steps in which the learning rate rises.")
    scheduler: Literal["linear", "cosine", "constant_with_warmup"] = Field(
        "cosine", description="Course of the learning rate after the warm-up."
    )
    weight_decay: float = Field(0.0, ge=0, description="AdamW weight decay on the adapters.")
    max_grad_norm: float = Field(1.0, gt=0, description="Gradients are scaled down to this norm.")
    max_length: int = Field(1024, ge=2, description="Longest pair in tokens; a longer one is an error, never cut.")


@trainers.kind(LoraFinetuning)
def lora(config: LoraFinetuning) -> Trainer:
    """A trainer that leaves ``adapter_config.json`` and ``adapter_model.safetensors`` in the folder it is given."""

    def train(
        model: Any,
        tokenizer: Any,
        pairs: Sequence[TrainingPair],
        folder: Path,
        *,
        base_name: str,
        seed: int,
        progress: Progress | None = None,
    ) -> Mapping[str, float]:
        examples = encode_pairs(pairs, tokenizer, config.max_length)
        with TemporaryDirectory() as scratch, _untouched(model), warnings.catch_warnings():
            # TRL itself uses names that transformers is about to rename.
            warnings.simplefilter("ignore", FutureWarning)
            trainer = _trainer(config, model, tokenizer, examples, Path(scratch), seed, progress)
            start = time.perf_counter()
            with _fast_attention(model, examples), _fused(trainer):
                trainer.train()
            seconds = time.perf_counter() - start
            _save(trainer.model, Path(scratch) / "adapter", folder, base_name)
        steps = len(trainer.losses)
        return {
            "seconds": seconds,
            "tokens": float(config.epochs * sum(len(example["input_ids"]) for example in examples)),
            "steps": float(steps),
            "loss": sum(trainer.losses[-(steps // config.epochs) :]) / (steps // config.epochs),
        }

    return train


def _trainer(
    config: LoraFinetuning,
    model: Any,
    tokenizer: Any,
    examples: list[dict[str, list[int]]],
    scratch: Path,
    seed: int,
    progress: Progress | None,
) -> Any:
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import PrinterCallback

    adapter = LoraConfig(
        r=config.rank,
        lora_alpha=config.alpha,
        lora_dropout=config.dropout,
        target_modules=config.target_modules if isinstance(config.target_modules, str) else [*config.target_modules],
        task_type="CAUSAL_LM",
    )
    try:
        trainer = completion_trainer()(
            model=model,
            args=_arguments(config, model, scratch, seed),
            train_dataset=Dataset.from_list(examples),
            processing_class=tokenizer,
            peft_config=adapter,
        )
    except ValueError as error:
        raise UserError(f"finetuning.target_modules {config.target_modules!r}: {error}") from error
    trainer.remove_callback(PrinterCallback)
    if progress is not None:
        trainer.add_callback(_reporter(trainer, progress))
    return trainer


def _arguments(config: LoraFinetuning, model: Any, scratch: Path, seed: int) -> Any:
    import torch
    from trl import SFTConfig

    # The fused layers compute in the model's own dtype; autocast is for those that keep PEFT's forward.
    autocast = bool(config.dropout) or getattr(model, "is_quantized", False)
    return SFTConfig(
        output_dir=str(scratch),
        num_train_epochs=config.epochs,
        per_device_train_batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        lr_scheduler_type=config.scheduler,
        warmup_steps=config.warmup_ratio,
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_grad_norm,
        optim="adamw_torch_fused",
        seed=seed,
        data_seed=seed,
        train_sampling_strategy="group_by_length",
        max_length=None,
        pad_to_multiple_of=None,
        gradient_checkpointing=False,
        bf16=autocast and model.dtype == torch.bfloat16,
        fp16=model.dtype == torch.float16,
        use_cpu=model.device.type == "cpu",
        dataloader_pin_memory=model.device.type == "cuda",
        save_strategy="no",
        logging_strategy="no",
        report_to=[],
        disable_tqdm=True,
    )


def _reporter(trainer: Any, progress: Progress) -> Any:
    from transformers import TrainerCallback

    class Reporter(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            progress(state.global_step, state.max_steps, trainer.losses[-1])

    return Reporter()


def _fused(trainer: Any) -> Any:
    """The fused layers, unless autocast is on: a function written by hand does not see it."""
    return nullcontext() if trainer.args.bf16 or trainer.args.fp16 else fused_lora(trainer.model)


@contextmanager
def _fast_attention(model: Any, examples: list[dict[str, list[int]]]) -> Iterator[None]:
    """Plain attention while training short examples on a CPU: the flash kernel's backward took 20 % of a step."""
    usual = model.config._attn_implementation
    longest = max(len(example["input_ids"]) for example in examples)
    if model.device.type != "cpu" or usual != "sdpa" or longest > _EAGER_UP_TO:
        yield
        return
    model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(usual)


@contextmanager
def _untouched(model: Any) -> Iterator[None]:
    """Give ``model`` back as it was: PEFT replaces its layers, TRL its forward and both write to its configs."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    kept = [(part, dict(vars(part))) for part in (model, model.config, model.generation_config) if part is not None]
    trainable = {name: parameter.requires_grad for name, parameter in model.named_parameters()}
    try:
        yield
    finally:
        for name, module in list(model.named_modules()):
            if isinstance(module, BaseTunerLayer):
                model.set_submodule(name, module.get_base_layer())
        for part, attributes in kept:
            vars(part).clear()
            vars(part).update(attributes)
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(trainable[name])
        model.train(model.training)


def _save(tuned: Any, scratch: Path, folder: Path, base_name: str) -> None:
    """Write the adapter alone, without the model card, naming its base by the public name."""
    tuned.peft_config["default"].base_model_name_or_path = base_name
    tuned.save_pretrained(scratch, save_embedding_layers=False)  # "auto" would ask the hub for the base
    description = scratch / "adapter_config.json"
    fields = json.loads(description.read_text(encoding="utf-8"))
    # PEFT keeps the modules in a set, whose order changes from process to process.
    fields["target_modules"] = sorted(fields["target_modules"])
    description.write_text(json.dumps(fields, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    folder.mkdir(parents=True, exist_ok=True)
    for name in (description.name, "adapter_model.safetensors"):
        shutil.move(scratch / name, folder / name)
