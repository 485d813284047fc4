"""Reward-guided decoding: the likeliest tokens are weighed by the signal (ARGS, Khanov et al. 2024)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from pipelines.generation.calibration import Platt
from pipelines.generation.decoding import Row, greedy
from pipelines.generation.otter.parameters import Otter


@dataclass(frozen=True)
class Steered:
    """A ``Choose``: of the ``candidates`` likeliest tokens the one with the greatest ``logit + weight * r``, where
    ``r`` is the signal foretold for the text with that token. With weight 0 it is greedy decoding, token for token.
    Each row learns the confidence of the text it has so far."""

    otter: Otter
    platt: Platt
    weight: float
    candidates: int

    def __call__(self, hidden: torch.Tensor, logits: torch.Tensor, rows: Sequence[Row | None]) -> list[int]:
        signals: list[float] = self.otter.signal(hidden).tolist()
        for row, signal in zip(rows, signals, strict=True):
            if row is not None:
                row.confidence = self.platt(signal)
        if not self.weight:
            return greedy(hidden, logits, rows)
        top = logits.float().topk(min(self.candidates, logits.shape[-1]))
        scores = top.values + self.weight * self.otter.token_signals(hidden, top.indices)
        tokens: list[int] = top.indices.gather(1, scores.argmax(-1, keepdim=True))[:, 0].tolist()
        return tokens
