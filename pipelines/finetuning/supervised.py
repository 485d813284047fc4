"""Supervised tuning on a training set, on TRL: continued pre-training on its texts first, then its pairs."""

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from pydantic import Field

from pipelines.errors import UserError
from pipelines.finetuning import Progress, TuningTask, checkpoints
from pipelines.finetuning.early_stopping import EarlyStopping
from pipelines.finetuning.examples import Examples, encode_pairs, encode_texts
from pipelines.finetuning.fast_attention import fast_attention
from pipelines.finetuning.fused_lora import fused_lora
from pipelines.finetuning.loss import completion_trainer
from pipelines.registry import StageConfig
from pipelines.renamed import without_rename_warnings


class SupervisedConfig(StageConfig):
    """What all supervised tuning can be told."""

    learning_rate: float = Field(2e-3, gt=0, description="Peak learning rate of AdamW.")
    epochs: int = Field(4, ge=1, description="Passes over the training pairs.")
    text_epochs: int = Field(1, ge=1, description="Passes over the texts, which are learnt before the pairs.")
    batch_size: int = Field(8, ge=1, description="Examples that are computed together.")
    accumulate: int = Field(
        1, ge=1, description="Batches per optimiser step; raise it and lower batch_size for memory."
    )
    warmup_ratio: float = Field(0.1, ge=0, lt=1, description="Share of the steps in which the learning rate rises.")
    scheduler: Literal["linear", "cosine", "constant_with_warmup"] = Field(
        "cosine", description="Course of the learning rate after the warm-up."
    )
    weight_decay: float = Field(0.0, ge=0, description="AdamW weight decay on what is trained.")
    max_grad_norm: float = Field(1.0, gt=0, description="Gradients are scaled down to this norm.")
    max_length: int = Field(1024, ge=2, description="Longest pair in tokens; a longer one is an error, never cut.")
    patience: int | None = Field(
        None, ge=1, description="Epochs without a lower loss on dev before tuning stops; absent: all epochs are run."
    )
    gradient_checkpointing: bool = Field(False, description="Compute activations twice and keep fewer: less memory.")


@dataclass(frozen=True)
class _Phase:
    name: str
    examples: Examples
    epochs: int
    dev: Examples


@contextmanager
def tuned(
    config: SupervisedConfig, task: TuningTask, *, adapter: Any = None, autocast: bool = False
) -> Iterator[tuple[Any, Mapping[str, float]]]:
    """The tuned model, for as long as the block lasts, and what tuning took; ``adapter`` is a PEFT config, ``None``
    tunes all weights. ``autocast`` computes in mixed precision.

    Raises ``UserError`` for data that cannot be learnt, a loss that is no number and memory that does not suffice.
    """
    phases = list(_phases(config, task))
    if not phases:
        raise UserError("no training pairs: the train split is empty; give the dataset train questions with answers")
    with TemporaryDirectory() as scratch, _untouched(task.model), without_rename_warnings():
        model, totals, before = task.model, {"seconds": 0.0, "tokens": 0.0, "steps": 0.0}, 0
        steps = sum(_steps(config, phase) for phase in phases)
        for phase in phases:
            trainer = _trainer(config, task, model, adapter, phase, Path(scratch), autocast)
            model, adapter = trainer.model, None
            if task.progress is not None:
                trainer.add_callback(_reporter(trainer, task.progress, before, steps))
            took = _run(config, task, trainer, phase)
            totals = {name: value + took[name] for name, value in totals.items()}
            before += _steps(config, phase)
        yield model, {**totals, "loss": took["loss"]}
    if task.checkpoints is not None:
        shutil.rmtree(task.checkpoints, ignore_errors=True)


def _phases(config: SupervisedConfig, task: TuningTask) -> Iterator[_Phase]:
    texts = encode_texts(task.data.texts, task.tokenizer, config.max_length)
    if texts:
        yield _Phase("texts", texts, config.text_epochs, [])
    pairs = encode_pairs(task.data.pairs, task.tokenizer, config.max_length)
    if pairs:
        dev = encode_pairs(task.dev, task.tokenizer, config.max_length) if config.patience else []
        if config.patience and not dev:
            raise UserError("finetuning.patience: there is no dev question to stop by; leave it out")
        yield _Phase("pairs", pairs, config.epochs, dev)


def _steps(config: SupervisedConfig, phase: _Phase) -> int:
    batches = -(-len(phase.examples) // config.batch_size)
    return phase.epochs * -(-batches // config.accumulate)


def _run(config: SupervisedConfig, task: TuningTask, trainer: Any, phase: _Phase) -> dict[str, float]:
    folder = task.checkpoints / phase.name if task.checkpoints is not None else None
    trainer.checkpoints = folder
    stopping = EarlyStopping(trainer, phase.dev, config.patience) if phase.dev else None
    checkpoint = checkpoints.latest(folder)
    if checkpoint is not None:
        state = checkpoints.read_state(checkpoint)
        trainer.losses, trainer.seconds_before = state["losses"], state["seconds"]
        if stopping is not None and folder is not None:
            stopping.resume(folder, state["dev"])
    longest = max(len(example["input_ids"]) for example in phase.examples)
    trainer.started = time.perf_counter()
    with fast_attention(task.model, longest), _fused(trainer), _memory_named(config):
        if stopping is None or not stopping.over:
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if stopping is not None:
        stopping.restore_best()
    elif folder is not None and phase.name == "texts":
        trainer.keep()  # a kill in the next phase does not cost this one
    done = len(trainer.losses)
    epoch = max(1, done // max(1, round(trainer.state.epoch or phase.epochs)))
    length = sum(len(example["input_ids"]) for example in phase.examples)
    return {
        "seconds": trainer.seconds,
        "tokens": float(length * round(trainer.state.epoch or phase.epochs)),
        "steps": float(trainer.state.global_step),
        "loss": sum(trainer.losses[-epoch:]) / epoch,
    }


def _trainer(
    config: SupervisedConfig, task: TuningTask, model: Any, adapter: Any, phase: _Phase, scratch: Path, autocast: bool
) -> Any:
    from datasets import Dataset
    from transformers import PrinterCallback

    trainer = completion_trainer()(
        model=model,
        args=_arguments(config, task, phase, scratch / phase.name, autocast),
        train_dataset=Dataset.from_list(phase.examples),
        processing_class=task.tokenizer,
        peft_config=adapter,
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _arguments(config: SupervisedConfig, task: TuningTask, phase: _Phase, scratch: Path, autocast: bool) -> Any:
    import torch
    from trl import SFTConfig

    model = task.model
    return SFTConfig(
        output_dir=str(scratch),
        num_train_epochs=phase.epochs,
        per_device_train_batch_size=config.batch_size,
        gradient_accumulation_steps=config.accumulate,
        learning_rate=config.learning_rate,
        lr_scheduler_type=config.scheduler,
        warmup_steps=config.warmup_ratio,
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_grad_norm,
        optim="adamw_torch_fused",
        seed=task.seed,
        data_seed=task.seed,
        train_sampling_strategy="group_by_length",
        max_length=None,
        pad_to_multiple_of=None,
        gradient_checkpointing=config.gradient_checkpointing,
        bf16=autocast and model.dtype == torch.bfloat16,
        fp16=model.dtype == torch.float16,
        use_cpu=model.device.type == "cpu",
        dataloader_pin_memory=model.device.type == "cuda",
        save_strategy="no",
        logging_strategy="no",
        report_to=[],
        disable_tqdm=True,
    )


def _reporter(trainer: Any, progress: Progress, before: int, steps: int) -> Any:
    from transformers import TrainerCallback

    class Reporter(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            progress(before + state.global_step, steps, trainer.losses[-1])

    return Reporter()


def _fused(trainer: Any) -> AbstractContextManager[None]:
    """The fused layers, unless autocast is on (a function written by hand does not see it) or all weights are tuned."""
    whole = not hasattr(trainer.model, "peft_config")
    return nullcontext() if whole or trainer.args.bf16 or trainer.args.fp16 else fused_lora(trainer.model)


@contextmanager
def _memory_named(config: SupervisedConfig) -> Iterator[None]:
    """Running out of memory becomes a line that says what to lower."""
    import torch

    try:
        yield
    except (MemoryError, RuntimeError) as error:
        text = str(error).lower()
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and "can't allocate memory" not in text:
            raise
        raise UserError(
            f"out of memory while tuning: lower finetuning.batch_size (now {config.batch_size}) and raise accumulate, "
            f"lower max_length (now {config.max_length}), or set gradient_checkpointing; on a GPU "
            "llm.quantization: 4bit keeps the base weights small"
        ) from error


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
