"""Tokens drawn from a model's own distribution, as a choice for the decoder.

Shapes are those of greedy generation, so logits depend on the prompt and the tokens before alone; each row has its own
stream of random numbers, one number a token.
"""

from collections.abc import Sequence
from random import Random
from typing import Any

import torch

from pipelines.generation.decoding import Row
from pipelines.generation.scoring import scaled


class Draw:
    """A ``Choose``: prompt ``i`` of the one call it is made for draws from the stream of ``seeds[i]``. ``config`` is
    the text model's."""

    def __init__(self, config: Any, temperature: float, seeds: Sequence[int]) -> None:
        self.config = config
        self.temperature = temperature
        self._streams = [Random(seed) for seed in seeds]

    def __call__(self, hidden: torch.Tensor, logits: torch.Tensor, rows: Sequence[Row | None]) -> list[int]:
        """A token for each row by the inverse of its distribution function."""
        sums = torch.softmax(scaled(logits.float(), self.config) / self.temperature, -1).cumsum(-1)
        numbers = [0.0 if row is None else self._streams[row.encoded.index].random() for row in rows]
        wanted = torch.tensor(numbers, device=logits.device)[:, None] * sums[:, -1:]
        drawn: list[int] = torch.searchsorted(sums, wanted, right=True).clamp(max=sums.shape[-1] - 1)[:, 0].tolist()
        return drawn
