"""A toy tokenizer of whole words, and tiny random Llamas with rows for the special tokens."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

WORDS = (
    "<s> </s> <unk> Question : Answer Passage Text Mentions what colour is the pump green red blue valve hinge "
    "a to search for content of document name that mentions text description an entity go on with and . "
    "kestrel orison sable veldt marten quill one two three question"
)


@pytest.fixture(scope="session")
def toy() -> Any:
    """A tokenizer whose tokens are words; ``</s>`` ends."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = {word: number for number, word in enumerate(dict.fromkeys(WORDS.split()))}
    backend = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="</s>", unk_token="<unk>", pad_token="<unk>")


@pytest.fixture(scope="session")
def make_network(tiny_config: Callable[..., Any]) -> Callable[..., Any]:
    """Makes a two-layer Llama with random weights."""

    def make(vocabulary_size: int, *, tied: bool = True, seed: int = 3, hidden: int = 32) -> Any:
        import torch
        from transformers import LlamaForCausalLM

        torch.manual_seed(seed)
        size = {"hidden": hidden, "vocabulary": vocabulary_size, "max_position_embeddings": 512}
        special = {"bos_token_id": 0, "eos_token_id": 1, "tie_word_embeddings": tied}
        config = tiny_config("llama", **size, initializer_range=0.3, **special)
        return LlamaForCausalLM(config).eval().requires_grad_(False)

    return make


@pytest.fixture(scope="session")
def tiny_folder(toy: Any, make_network: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder that ``{kind: hf, name: ...}`` loads."""
    folder = tmp_path_factory.mktemp("tiny") / "model"
    make_network(len(toy)).save_pretrained(folder)
    toy.save_pretrained(folder)
    return folder
