"""What the signal is taught: at the last token of an answer, on its beginnings, and foretold for every next token.

Values are laid out by place in the answer, ``[rows, places]`` with a mask, so that two answers are compared beginning
by beginning: after one token each, after two.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid

from pipelines.generation.judged_tokens import Batch
from pipelines.generation.otter.parameters import Otter


@dataclass(frozen=True)
class Values:
    """Signals of a batch: ``last [rows]`` after the whole answer, ``beginnings [rows, places]`` after each of its
    tokens, ``foretold [rows, places]`` one token earlier; ``there [rows, places]`` masks them."""

    last: torch.Tensor
    beginnings: torch.Tensor
    foretold: torch.Tensor
    there: torch.Tensor


def values(otter: Otter, hidden: torch.Tensor, batch: Batch) -> Values:
    """Read the signals off ``hidden [rows, length, d + d']``."""
    rows = torch.arange(len(batch.ids), device=hidden.device)
    places = torch.arange(max(1, int((batch.stop - batch.start).max())), device=hidden.device)
    after = batch.start[:, None] + places
    there = after < batch.stop[:, None]
    after = after.clamp(max=batch.ids.shape[1] - 1)
    before = (after - 1).clamp(min=0)
    tokens = batch.ids[rows[:, None], after]
    return Values(
        otter.signal(hidden[rows, batch.stop - 1]),
        otter.signal(hidden[rows[:, None], after]),
        otter.token_signals(hidden[rows[:, None], before], tokens[..., None])[..., 0],
        there,
    )


Loss = Callable[[Values, torch.Tensor, float, float], torch.Tensor]


def pointwise(found: Values, label: torch.Tensor, on_beginnings: float, on_tokens: float) -> torch.Tensor:
    """Cross-entropy of ``sigma(r)`` with the label of the whole answer, everywhere."""
    wide = label[:, None].expand_as(found.beginnings)

    def part(signals: torch.Tensor) -> torch.Tensor:
        return _mean(binary_cross_entropy_with_logits(signals, wide, reduction="none"), found.there)

    whole = binary_cross_entropy_with_logits(found.last, label)
    return whole + on_beginnings * part(found.beginnings) + on_tokens * part(found.foretold)


def pairwise(found: Values, label: torch.Tensor, on_beginnings: float, on_tokens: float) -> torch.Tensor:
    """``-ln sigma(r(better) - r(worse))`` (Bradley and Terry 1952); better and worse answers alternate in the batch.
    Beginnings are compared as far as both answers go."""
    there = found.there[::2] & found.there[1::2]

    def part(signals: torch.Tensor) -> torch.Tensor:
        return _mean(-logsigmoid(signals[::2] - signals[1::2]), there)

    whole = -logsigmoid(found.last[::2] - found.last[1::2]).mean()
    return whole + on_beginnings * part(found.beginnings) + on_tokens * part(found.foretold)


def _mean(losses: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
    return (losses * there).sum() / there.sum().clamp(min=1)
