"""What a configuration's confidence is worth: does it know its right answers from its wrong ones?"""

import numpy as np
from numpy.typing import NDArray

from eval.measured import Measured
from eval.metrics.confidence import auroc, calibration_error, risk_coverage
from eval.part import Estimate
from eval.results import ConfidenceQuality
from eval.scores import Scores
from eval.statistics.resampling import cluster_weights

DRAWS = 2000


def confidence_quality(
    one: Measured, scores: Scores, clusters: NDArray[np.int64], seed: int
) -> ConfidenceQuality | None:
    """Means over training seeds; ``None`` where answers carry no confidence. A failed answer has none at all: 0."""
    said = [[0.0 if a.error else a.confidence for a in outcome.answers] for outcome in one.outcomes]
    if any(value is None for row in said for value in row):
        return None
    given = np.array(said, dtype=float)
    right = np.broadcast_to(scores.values["correct"] > 0.5, given.shape)
    curves = [risk_coverage(*pair) for pair in zip(given, right, strict=True)]
    errors = [calibration_error(*pair) for pair in zip(given, right, strict=True)]
    return ConfidenceQuality(
        auroc=auroc_interval(given, right, clusters, seed),
        calibration_error=float(np.mean(errors)),
        risk_coverage_area=float(np.mean([curve.area for curve in curves])),
        correct_of_surest_half=float(np.mean([curve.accuracy_at(0.5) for curve in curves])),
    )


def auroc_interval(
    given: NDArray[np.float64], right: NDArray[np.bool_], clusters: NDArray[np.int64], seed: int
) -> Estimate | None:
    """The AUROC, its mean over training seeds, with a percentile interval from draws of whole clusters; draws without a
    right or a wrong answer are left out. ``None`` where all answers are right or all wrong. ``given`` (confidences) and
    ``right`` have shape ``[seeds, n]``, ``clusters`` are the labels of ``clusters_by_gold``."""
    values = [auroc(*pair) for pair in zip(given, right, strict=True)]
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    weights = cluster_weights(clusters, DRAWS, seed)
    drawn = np.mean([_weighted(*pair, weights) for pair in zip(given, right, strict=True)], axis=0)
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    mean = float(np.mean(known))
    return Estimate(
        mean=mean, low=min(mean, float(low)), high=max(mean, float(high)), n=right.shape[1], method="percentile"
    )


def _weighted(
    given: NDArray[np.float64], right: NDArray[np.bool_], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The AUROC of every draw, each answer counted as often as it was drawn, shape ``[draws]``; NaN where undefined."""
    pairs = given[right][:, None] - given[~right][None, :]
    ahead = (np.sign(pairs) + 1) / 2
    surer, others = weights[:, right], weights[:, ~right]
    with np.errstate(invalid="ignore"):
        found: NDArray[np.float64] = ((surer @ ahead) * others).sum(axis=1) / (surer.sum(axis=1) * others.sum(axis=1))
    return found
