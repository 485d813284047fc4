"""A reward model: the base model with a low-rank adapter and a head of one number, trained with TRL on pairs.

The loss of a pair is ``-log sigmoid(r(chosen) - r(rejected))`` (Bradley and Terry 1952; Ouyang et al. 2022).
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from pipelines.finetuning.lora import save_adapter
from pipelines.finetuning.preference import PreferencePair
from pipelines.finetuning.preference.training import TrainingFields, arguments, encode, guarded, tokens, watch, whole
from pipelines.renamed import without_rename_warnings


class RewardSettings(Protocol):
    """The fields of a config that training reads."""

    @property
    def rank(self) -> int: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def epochs(self) -> int: ...
    @property
    def batch_size(self) -> int: ...
    @property
    def max_length(self) -> int: ...


@dataclass(frozen=True)
class RewardTraining:
    """One training: the base ``model`` is used up; the adapter with its head is left in ``folder``."""

    config: RewardSettings
    model: Any
    tokenizer: Any
    pairs: Sequence[PreferencePair]
    held_out: Sequence[PreferencePair]
    folder: Path
    base_name: str
    seed: int
    progress: Any = None


def train_reward_model(task: RewardTraining) -> tuple[Any, dict[str, float]]:
    """The trained model, and ``seconds``, ``tokens``, ``loss``, ``training_pairs``, ``held_out_pairs`` and
    ``accuracy``: the share of held-out pairs whose chosen answer gets the greater reward."""
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from trl import RewardConfig, RewardTrainer

    config = task.config
    rows = encode(task.pairs, task.tokenizer, config.max_length)
    held = encode(task.held_out, task.tokenizer, config.max_length)
    torch.manual_seed(task.seed)
    fields = TrainingFields(batch_size=config.batch_size, max_length=config.max_length)
    own = {"num_train_epochs": config.epochs, "learning_rate": config.learning_rate, "bf16": False}
    adapter = LoraConfig(
        r=config.rank,
        lora_alpha=2 * config.rank,
        target_modules="all-linear",
        modules_to_save=["score"],
        task_type="SEQ_CLS",
    )
    with TemporaryDirectory() as scratch, without_rename_warnings():
        cpu = task.model.device.type == "cpu"
        trainer = guarded(RewardTrainer)(
            model=classifier(task.model),
            args=RewardConfig(**arguments(fields, scratch, seed=task.seed, cpu=cpu, **own)),
            train_dataset=Dataset.from_list(whole(rows)),
            processing_class=task.tokenizer,
            peft_config=adapter,
        )
        watch(trainer, task.progress)
        started = time.perf_counter()
        trainer.train()
        seconds = time.perf_counter() - started
        model = trainer.model.eval()
        save_adapter(model, task.folder, task.base_name)
    texts = [pair.prompt + completion for pair in task.held_out for completion in (pair.chosen, pair.rejected)]
    rewards = scores(model, task.tokenizer, texts, config.batch_size)
    right = sum(chosen > rejected for chosen, rejected in zip(rewards[::2], rewards[1::2], strict=True))
    report = {
        "seconds": seconds,
        "tokens": float(tokens(rows) * config.epochs),
        "loss": trainer.losses[-1],
        "training_pairs": float(len(rows)),
        "held_out_pairs": float(len(held)),
        "accuracy": right / len(held),
    }
    return model, report


def classifier(model: Any) -> Any:
    """A sequence classifier of one label around the body of a causal language model, in float32."""
    import torch
    from transformers import AutoModelForSequenceClassification

    config = model.config.__class__(**{**model.config.to_dict(), "id2label": {0: "reward"}, "label2id": {"reward": 0}})
    with torch.device("meta"):  # the body is replaced at once
        made = AutoModelForSequenceClassification.from_config(config)
    setattr(made, made.base_model_prefix, getattr(model, model.base_model_prefix))
    head = torch.nn.Linear(made.score.in_features, 1, bias=False)
    torch.nn.init.normal_(head.weight, std=config.initializer_range)
    made.score = head
    return made.float().to(model.device)


def scores(model: Any, tokenizer: Any, texts: Sequence[str], batch_size: int) -> list[float]:
    """The reward of each text, prompt and answer together."""
    import torch

    found: list[float] = []
    with torch.no_grad():
        for start in range(0, len(texts), batch_size):
            ids = tokenizer(list(texts[start : start + batch_size]))["input_ids"]
            width = max(map(len, ids))
            padded = [one + [tokenizer.pad_token_id] * (width - len(one)) for one in ids]
            mask = [[1] * len(one) + [0] * (width - len(one)) for one in ids]
            inputs = {"input_ids": padded, "attention_mask": mask}
            tensors = {name: torch.tensor(value, device=model.device) for name, value in inputs.items()}
            found += model(**tensors).logits[:, 0].float().tolist()
    return found
