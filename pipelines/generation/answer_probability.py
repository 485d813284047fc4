"""How likely a model finds the answer it writes, token by token."""

from collections.abc import Sequence
from typing import Literal

import torch

from pipelines.generation.calibration import Platt
from pipelines.generation.decoding import Row, greedy

Over = Literal["mean", "least", "sum"]


def summary(over: Over, log_probabilities: Sequence[float]) -> float:
    """One score of the tokens' log-probabilities; 0 for no token."""
    if not log_probabilities:
        return 0.0
    if over == "least":
        return min(log_probabilities)
    return sum(log_probabilities) / (len(log_probabilities) if over == "mean" else 1)


class Probable:
    """A ``Choose``: greedy, with the calibrated probability of the tokens so far, that which ends the answer among
    them."""

    def __init__(self, over: Over, platt: Platt) -> None:
        self.over, self.platt = over, platt
        self._chosen: dict[int, list[float]] = {}

    def __call__(self, hidden: torch.Tensor, logits: torch.Tensor, rows: Sequence[Row | None]) -> list[int]:
        tokens = greedy(hidden, logits, rows)
        # Of the greedy token: the greatest logit less the normaliser.
        likeliest: list[float] = (logits.float().amax(-1) - logits.float().logsumexp(-1)).tolist()
        for row, value in zip(rows, likeliest, strict=True):
            if row is not None:
                if not row.tokens:
                    self._chosen[row.encoded.index] = []
                self._chosen[row.encoded.index].append(value)
                row.confidence = self.platt(summary(self.over, self._chosen[row.encoded.index]))
        return tokens
