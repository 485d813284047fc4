"""From a score to a probability (Platt 1999)."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import exp, log
from pathlib import Path

from pipelines.errors import UserError

FILE = "calibration.json"
LEAST_SLOPE = 1e-3
"""Of a score in standard deviations: by so little the probability rises where dev sees no rise or a fall. A score says
how sure something is; a few answers of dev must not turn its order round."""


@dataclass(frozen=True)
class Platt:
    """``p = sigma(slope * score + offset)``."""

    slope: float = 1.0
    offset: float = 0.0

    def __call__(self, score: float) -> float:
        """The probability that an answer of this score is right."""
        x = self.slope * score + self.offset
        return 1 / (1 + exp(-x)) if x >= 0 else exp(x) / (1 + exp(x))

    def write(self, folder: Path) -> None:
        """Keep it as JSON."""
        (folder / FILE).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @staticmethod
    def read(folder: Path) -> "Platt":
        """What ``write`` kept."""
        return Platt(**json.loads((folder / FILE).read_text(encoding="utf-8")))


def fit_platt(scores: Sequence[float], labels: Sequence[float]) -> Platt:
    """Slope and offset of least log loss on ``labels`` (0 to 1), with Platt's smoothed targets, so that perfectly
    parted scores give a finite slope. The slope is at least ``LEAST_SLOPE``, and that where there is one kind of label
    alone; it is 0 where all scores are equal (to 1e-9)."""
    import numpy as np
    from scipy.optimize import minimize
    from scipy.special import expit

    given, found = np.asarray(scores, float), np.asarray(labels, float)
    positive, count = float(found.sum()), len(found)
    high, low = (positive + 1) / (positive + 2), 1 / (count - positive + 2)
    target = low + found * (high - low)
    rate = float(target.mean())
    start = np.array([LEAST_SLOPE, np.log(rate / (1 - rate))])
    middle, spread = float(given.mean()), float(given.std())
    if spread < 1e-9:
        return Platt(0.0, float(start[1]))
    scaled = (given - middle) / spread

    def loss(at: "np.ndarray") -> tuple[float, "np.ndarray"]:
        x = at[0] * scaled + at[1]
        gap = expit(x) - target
        return float(np.mean(np.logaddexp(0, x) - target * x)), np.array([np.mean(gap * scaled), np.mean(gap)])

    one_kind = len(set(labels)) < 2
    bounds = [(LEAST_SLOPE, LEAST_SLOPE if one_kind else None), (None, None)]
    slope, offset = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return Platt(float(slope / spread), float(offset - slope * middle / spread))


def log_loss(platt: Platt, scores: Sequence[float], labels: Sequence[float]) -> float:
    """Mean cross-entropy of the probabilities, in nats."""

    sure = 1e-12
    chances = [min(max(platt(score), sure), 1 - sure) for score in scores]
    return -sum(y * log(p) + (1 - y) * log(1 - p) for p, y in zip(chances, labels, strict=True)) / len(chances)


def calibrate(scores: Sequence[float], labels: Sequence[float], folder: Path) -> float:
    """Fit on judged answers of dev, keep the fit in ``folder``, return its log loss. Raises ``UserError`` without
    answers."""
    if not scores:
        raise UserError(
            "an intervention is calibrated on judged answers of dev, and there are none; give dev questions"
        )
    platt = fit_platt(scores, labels)
    platt.write(folder)
    return log_loss(platt, scores, labels)
