"""Training sets as token ids, with the loss on the completion only, or on all of a text."""

from collections.abc import Sequence
from typing import Any

from pipelines.errors import UserError
from pipelines.generation.encoding import common_prefix
from pipelines.records import TrainingPair

IGNORED = -100
"""The label of a position that carries no loss (PyTorch's default ``ignore_index``)."""

Examples = list[dict[str, list[int]]]
"""One ``{"input_ids", "labels"}`` each."""


def encode_pairs(pairs: Sequence[TrainingPair], tokenizer: Any, max_length: int) -> Examples:
    """An example for each pair; labels of the prompt are ``IGNORED``.

    Prompt and completion are tokenised as one text, because tokens merge across the border, and split where the ids of
    the prompt alone and of the whole part ways. A completion that does not end its line is closed by the end-of-text
    token, so that the model learns to stop. Nothing is truncated. Raises ``UserError`` naming the pair.
    """
    return [_encode(pair, number, tokenizer, max_length) for number, pair in enumerate(pairs, 1)]


def encode_texts(texts: Sequence[str], tokenizer: Any, max_length: int) -> Examples:
    """Examples for continued pre-training: every token carries loss. A text closes with the end-of-text token and is
    cut into blocks of ``max_length`` tokens, so nothing is lost. Blocks of a single token, from which nothing is
    predicted, are left out."""
    ending = tokenizer.eos_token or ""
    ids = [tokenizer(text + ending)["input_ids"] for text in texts]
    blocks = [one[start : start + max_length] for one in ids for start in range(0, len(one), max_length)]
    return [{"input_ids": block, "labels": list(block)} for block in blocks if len(block) > 1]


def _encode(pair: TrainingPair, number: int, tokenizer: Any, max_length: int) -> dict[str, list[int]]:
    name = f"training pair {number} (question {pair.question_id or 'without id'})"
    if not pair.completion.strip():
        raise UserError(f"{name}: the completion is empty; remove the pair or give it an answer")
    ending = "" if pair.completion.endswith("\n") else tokenizer.eos_token or ""
    ids = tokenizer(pair.prompt + pair.completion + ending)["input_ids"]
    if len(ids) > max_length:
        raise UserError(f"{name}: {len(ids)} tokens, more than max_length {max_length}; raise it or shorten the pair")
    start = common_prefix(tokenizer(pair.prompt)["input_ids"] if pair.prompt else [], ids)
    return {"input_ids": ids, "labels": [IGNORED] * start + ids[start:]}
