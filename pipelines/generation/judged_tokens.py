"""Judged answers as tokens, for whatever learns to tell right from wrong ones."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from pipelines.errors import UserError
from pipelines.generation.encoding import common_prefix
from pipelines.generation.interventions import Judged


@dataclass(frozen=True)
class Tokens:
    """Prompt and answer as one text; the answer's tokens are those from ``start`` on. An answer without text leaves
    none, and is judged by the prompt's last token."""

    ids: tuple[int, ...]
    start: int
    label: float
    prompt: str


@dataclass(frozen=True)
class Batch:
    """``ids [rows, length]``, padded on the right; of each row the answer's tokens ``start`` to ``stop``; ``label``."""

    ids: torch.Tensor
    start: torch.Tensor
    stop: torch.Tensor
    label: torch.Tensor


def encode(judged: Sequence[Judged], tokenizer: Any, longest: int) -> list[Tokens]:
    """The texts as generation leaves them, up to what ends an answer. Raises ``UserError`` for a label outside 0 to 1
    and for a text of more than ``longest`` tokens."""
    return [_encode(one, tokenizer, longest) for one in judged]


def _encode(judged: Judged, tokenizer: Any, longest: int) -> Tokens:
    name = f"answer to question {judged.question_id or 'without id'}"
    if not 0 <= judged.label <= 1:
        raise UserError(f"{name}: its label is {judged.label}, not between 0 and 1")
    prompt = tokenizer(judged.prompt, add_special_tokens=False)["input_ids"]
    answer = " ".join(judged.answer.split())
    space = "" if judged.prompt[-1:].isspace() else " "
    text = f"{judged.prompt}{space}{answer}" if answer else judged.prompt
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    if len(ids) > longest:
        raise UserError(f"{name}: {len(ids)} tokens, more than {longest}; raise max_length or shorten the prompt")
    return Tokens(tuple(ids), common_prefix(prompt, ids), judged.label, judged.prompt)


def collate(rows: Sequence[Tokens], padding: int, device: torch.device) -> Batch:
    """One batch. Causal attention keeps the padding behind a text from changing it."""
    length = max(len(row.ids) for row in rows)
    return Batch(
        torch.tensor([[*row.ids, *[padding] * (length - len(row.ids))] for row in rows], device=device),
        torch.tensor([row.start for row in rows], device=device),
        torch.tensor([len(row.ids) for row in rows], device=device),
        torch.tensor([row.label for row in rows], dtype=torch.float32, device=device),
    )


def pairs(rows: Sequence[Tokens]) -> list[tuple[Tokens, Tokens]]:
    """The better and the worse of every two answers to one prompt that differ in their label."""
    by_prompt: dict[str, list[Tokens]] = defaultdict(list)
    for row in dict.fromkeys(rows):
        by_prompt[row.prompt].append(row)
    return [(one, other) for group in by_prompt.values() for one in group for other in group if one.label > other.label]


def batches(rows: Sequence[Any], size: int, order: Sequence[int], length: Any) -> list[list[Any]]:
    """Batches of rows of like length, so that little is padding: taken in ``order``, sorted within stretches of sixteen
    batches."""
    made: list[list[Any]] = []
    stretch = 16 * size
    for begin in range(0, len(order), stretch):
        chosen = sorted((rows[place] for place in order[begin : begin + stretch]), key=length)
        made += [chosen[at : at + size] for at in range(0, len(chosen), size)]
    return made


@torch.no_grad()
def last_states(model: Any, rows: Sequence[Tokens], padding: int, batch_size: int) -> torch.Tensor:
    """The last hidden state of a causal model after each whole text, in order: ``[rows, width]``."""
    found: dict[int, torch.Tensor] = {}
    places = sorted(range(len(rows)), key=lambda place: len(rows[place].ids))
    for begin in range(0, len(places), batch_size):
        some = places[begin : begin + batch_size]
        batch = collate([rows[place] for place in some], padding, model.device)
        hidden = model.get_decoder()(input_ids=batch.ids, use_cache=False).last_hidden_state
        last = hidden[torch.arange(len(some), device=hidden.device), batch.stop - 1]
        found |= dict(zip(some, last, strict=True))
    return torch.stack([found[place] for place in range(len(rows))])
