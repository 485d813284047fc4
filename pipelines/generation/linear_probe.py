"""A linear probe on the frozen model's last hidden state: the cheapest signal there is, and the one to beat."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from pipelines.generation.calibration import Platt
from pipelines.generation.decoding import Row, greedy

PENALTIES = (1e-3, 1e-2, 1e-1, 1.0)
"""Of the squared weights; the one of least log loss on dev is taken."""
FILE = "probe.json"


@dataclass(frozen=True)
class Probe:
    """``score = w . h + c`` of a last hidden state ``h [width]``."""

    weight: tuple[float, ...]
    offset: float

    def __call__(self, states: np.ndarray) -> np.ndarray:
        """Scores of ``states [..., width]``."""
        return states @ np.asarray(self.weight) + self.offset

    def write(self, folder: Path) -> None:
        """Keep it as JSON."""
        kept = {"weight": list(self.weight), "offset": self.offset}
        (folder / FILE).write_text(json.dumps(kept), encoding="utf-8")

    @staticmethod
    def read(folder: Path) -> "Probe":
        """What ``write`` kept."""
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return Probe(tuple(found["weight"]), found["offset"])


def train(states: np.ndarray, labels: np.ndarray, dev: np.ndarray, dev_labels: np.ndarray) -> Probe:
    """Logistic regression on standardised ``states [answers, width]``, with the penalty that suits dev best."""
    probes = [fit(states, labels, penalty) for penalty in PENALTIES]
    return min(probes, key=lambda probe: _log_loss(probe(dev), dev_labels))


def fit(states: np.ndarray, labels: np.ndarray, penalty: float) -> Probe:
    """The least mean log loss plus ``penalty / 2`` times the squared weights of the standardised states; the offset
    goes free."""
    from scipy.optimize import minimize
    from scipy.special import expit

    middle, spread = states.mean(0), states.std(0)
    spread = np.where(spread > 0, spread, 1.0)
    given = (states - middle) / spread

    def loss(at: np.ndarray) -> tuple[float, np.ndarray]:
        scores = given @ at[:-1] + at[-1]
        gap = (expit(scores) - labels) / len(labels)
        value = _log_loss(scores, labels) + penalty / 2 * float(at[:-1] @ at[:-1])
        return value, np.append(given.T @ gap + penalty * at[:-1], gap.sum())

    at = minimize(loss, np.zeros(given.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    weight = at[:-1] / spread
    return Probe(tuple(weight.tolist()), float(at[-1] - weight @ middle))


def _log_loss(scores: np.ndarray, labels: np.ndarray) -> float:
    return float(np.mean(np.logaddexp(0, scores) - labels * scores))


class Probed:
    """A ``Choose``: greedy, with the probe's confidence."""

    def __init__(self, probe: Probe, platt: Platt, device: torch.device) -> None:
        self.weight = torch.tensor(probe.weight, device=device)
        self.offset = probe.offset
        self.platt = platt

    def __call__(self, hidden: torch.Tensor, logits: torch.Tensor, rows: Sequence[Row | None]) -> list[int]:
        scores: list[float] = (hidden.float() @ self.weight + self.offset).tolist()
        for row, score in zip(rows, scores, strict=True):
            if row is not None:
                row.confidence = self.platt(score)
        return greedy(hidden, logits, rows)
