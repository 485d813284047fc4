"""Training pairs as token ids, with the loss on the completion only."""

from collections.abc import Sequence
from typing import Any

from pipelines.errors import UserError
from pipelines.records import TrainingPair

IGNORED = -100
"""The label of a position that carries no loss (PyTorch's default ``ignore_index``)."""


def encode_pairs(pairs: Sequence[TrainingPair], tokenizer: Any, max_length: int) -> list[dict[str, list[int]]]:
    """One ``{"input_ids", "labels"}`` per pair; labels of the prompt are ``IGNORED``.

    Prompt and completion are tokenised as one text, because tokens merge across the border, and split where the ids of
    the prompt alone and of the whole part ways. A completion that does not end its line is closed by the end-of-text
    token, so that the model learns to stop. Nothing is truncated. Raises ``UserError`` naming the pair.
    """
    if not pairs:
        raise UserError("no training pairs: the train split is empty; give the dataset train questions with answers")
    return [_encode(pair, number, tokenizer, max_length) for number, pair in enumerate(pairs, 1)]


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


def common_prefix(first: Sequence[int], second: Sequence[int]) -> int:
    """How many leading token ids two sequences share."""
    length = 0
    for left, right in zip(first, second, strict=False):
        if left != right:
            break
        length += 1
    return length
