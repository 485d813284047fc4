"""Last hidden states of many sequences, in few forward passes."""

from collections.abc import Sequence
from typing import Any

TOKENS_AT_ONCE = 4096
"""Padded tokens of one forward pass."""


def hidden_states(body: Any, rows: Sequence[Sequence[int]]) -> list[Any]:
    """The states of each row, [length, width]. Rows of like length are computed together, padded on the right, where
    causal attention lets no token see them; so no mask is needed."""
    import torch

    device = body.get_input_embeddings().weight.device
    found: dict[int, Any] = {}
    for group in groups([len(row) for row in rows]):
        length = max(len(rows[place]) for place in group)
        ids = torch.zeros((len(group), length), dtype=torch.long, device=device)
        for line, place in enumerate(group):
            ids[line, : len(rows[place])] = torch.tensor(rows[place])
        hidden = body(input_ids=ids, use_cache=False).last_hidden_state
        found |= {place: hidden[line, : len(rows[place])] for line, place in enumerate(group)}
    return [found[place] for place in range(len(rows))]


def groups(lengths: Sequence[int]) -> list[list[int]]:
    """Places in ``lengths``, longest first, in groups of at most ``TOKENS_AT_ONCE`` tokens with their padding, and with
    no row less than half as long as the first of its group."""
    made: list[list[int]] = []
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        first = lengths[made[-1][0]] if made else 0
        if made and 2 * lengths[place] >= first and (len(made[-1]) + 1) * first <= TOKENS_AT_ONCE:
            made[-1].append(place)
        else:
            made.append([place])
    return made
