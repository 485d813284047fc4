"""How well a confidence tells right answers from wrong ones, and whether it means what it says."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class RiskCoverage:
    """The error rate of the answers that are given, as fewer and fewer are: ``coverage`` and ``risk`` by falling
    confidence, equal confidences together."""

    coverage: tuple[float, ...]
    risk: tuple[float, ...]

    @property
    def area(self) -> float:
        """The mean risk over all shares of answers given (AURC, Geifman et al. 2019): the mean over answers, each at
        the coverage that first includes it. 0 is without a fault; answers in random order reach the error rate."""
        before = (0.0, *self.coverage[:-1])
        steps = zip(before, self.coverage, self.risk, strict=True)
        return sum((now - earlier) * risk for earlier, now, risk in steps)

    def accuracy_at(self, coverage: float) -> float:
        """Of the surest answers, as few as make up this share at least, the share that is right."""
        enough = next(place for place, share in enumerate(self.coverage) if share >= coverage - 1e-12)
        return 1 - self.risk[enough]


def auroc(confidence: Sequence[float], right: Sequence[bool]) -> float | None:
    """The chance that a right answer has more confidence than a wrong one, half of ties (area under the ROC curve;
    Mann-Whitney U). ``None`` where all answers are right or all are wrong."""
    from scipy.stats import rankdata

    marks = np.asarray(right, bool)
    count, others = int(marks.sum()), int((~marks).sum())
    if not count or not others:
        return None
    ranks = rankdata(np.asarray(confidence, float))
    return float((ranks[marks].sum() - count * (count + 1) / 2) / (count * others))


def calibration_error(confidence: Sequence[float], right: Sequence[bool], bins: int = 10) -> float:
    """Expected calibration error (Guo et al. 2017): the mean over answers of the gap between confidence and accuracy of
    the bin they fall in; ``bins`` of equal width over 0 to 1, closed above."""
    chance, marks = np.asarray(confidence, float), np.asarray(right, float)
    place = np.clip(np.ceil(chance * bins).astype(int) - 1, 0, bins - 1)
    gaps = [abs(float((chance[place == one] - marks[place == one]).sum())) for one in np.unique(place)]
    return sum(gaps) / len(chance)


def risk_coverage(confidence: Sequence[float], right: Sequence[bool]) -> RiskCoverage:
    """The curve of a selective answerer (El-Yaniv and Wiener 2010). Raises ``ValueError`` without answers."""
    if not len(confidence):
        raise ValueError("no answers")
    chance, wrong = np.asarray(confidence, float), 1 - np.asarray(right, float)
    order = np.argsort(-chance, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(chance[order]) != 0, True)) + 1
    risk = wrong[order].cumsum()[ends - 1] / ends
    return RiskCoverage(tuple((ends / len(order)).tolist()), tuple(risk.tolist()))
