"""A two-layer Llama with random weights, the embedded model's tokenizer, and tuning at the size of a test."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.finetuning import TuningTask, trainers
from pipelines.finetuning.data import TrainingSet
from pipelines.records import TrainingPair

PAIRS = [
    TrainingPair(f"Question: What colour is the {name}?\nAnswer:", f" {colour}\n", f"q{number}")
    for number, (name, colour) in enumerate(
        [("kestrel pump", "green"), ("orison valve", "deep blue"), ("sable hinge", "red"), ("veldt", "grey and white")]
    )
]


@pytest.fixture(scope="module")
def tokenizer():
    from transformers import PreTrainedTokenizerFast

    from pipelines.generation.weights import locate_embedded_llm

    gguf = locate_embedded_llm()
    return PreTrainedTokenizerFast.from_pretrained(gguf.parent, gguf_file=gguf.name)


@pytest.fixture
def model(tiny_config):
    import torch
    from transformers import LlamaForCausalLM

    torch.manual_seed(7)
    return LlamaForCausalLM(tiny_config("llama", tie_word_embeddings=True)).eval().requires_grad_(False)


@pytest.fixture
def tune() -> Callable[..., Any]:
    """Tunes ``model`` on ``pairs`` (four by default) and ``texts``; further fields are the config's."""

    def run(
        model: Any, tokenizer: Any, folder: Path, pairs: Any = PAIRS, *, texts: Any = (), seed: int = 1, **options: Any
    ) -> Any:
        usual = {"kind": "lora", "rank": 4, "epochs": 2, "batch_size": 2, "learning_rate": 1e-2}
        known = ("dev", "checkpoints", "progress")
        given = {name: options.pop(name) for name in known if name in options}
        train = trainers.build(trainers.parse({**usual, **options}))
        data = TrainingSet(tuple(pairs), tuple(texts))
        return train(TuningTask(model, tokenizer, data, folder, "owner/base", seed, **given))

    return run
