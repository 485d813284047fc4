"""Interval of a mean over questions and training seeds, shared by every figure in dollars.

Costs are skewed, and worth is a jump between a few values (right, wrong, handed over) that a small sample may never
show. Plain percentile intervals then cover too little: 47 % at 30 questions where 2 % of them differ
(docs/economics.md). So two pseudo-questions, one at each end of the possible range, are added where a range is given
(Agresti and Min 2005; Bonett and Price 2012 for paired proportions), and each limit is the wider of Student's t and
the bootstrap-t (Hall 1988), both with clustered standard errors.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eval.results import Interval
from eval.statistics.clustered_mean import ClusteredMean, clustered_mean, seed_matrix
from eval.statistics.resampling import cluster_weights

Array = NDArray[np.float64]
Clusters = NDArray[np.int64]
Sides = tuple[ArrayLike] | tuple[ArrayLike, ArrayLike]
"""Values [seeds, n] of one quantity, or the two sides of a paired difference whose training seeds are independent."""

NEGLIGIBLE = 1e-3
"""A draw's standard error, as a share of the sample's, below which the draw says nothing about the spread."""

ONE_CLUSTER = "shared gold documents connect all test questions, so a ratio has no interval"


@dataclass(frozen=True)
class MeanEstimate:
    """A mean with its two-sided interval. ``p_not_positive`` is the one-sided p value against "the mean is at most
    zero"; it exceeds half the error level exactly where ``low`` is not above zero, up to the bootstrap's grain."""

    mean: float
    low: float
    high: float
    p_not_positive: float

    def scaled(self, factor: float, offset: float = 0.0) -> Interval:
        """The interval of ``offset + factor * mean``; a negative factor turns the limits round."""
        low, high = sorted((offset + factor * self.low, offset + factor * self.high))
        return Interval(value=offset + factor * self.mean, low=low, high=high)


def summed(sides: Sides, clusters: Clusters, pseudo: Sequence[float] = ()) -> ClusteredMean:
    """``sides[0]`` (or ``sides[0] - sides[1]``) summed by cluster, each value of ``pseudo`` added as a cluster of
    average size."""
    data = clustered_mean(sides[0], clusters, *sides[1:])
    size = max(1, round(data.n / data.groups))
    sums = np.concatenate([data.sums, size * np.array(pseudo)])
    return replace(data, sums=sums, sizes=np.concatenate([data.sizes, np.full(len(pseudo), float(size))]))


def single_cluster(clusters: Clusters) -> bool:
    """Whether gold documents connect all questions, so that they vouch for each other and nothing can be resampled."""
    return len(np.unique(clusters)) < 2


def _range_of_values(sides: Sides, extremes: tuple[float, float] | None) -> MeanEstimate:
    """All that one cluster can tell: the mean lies within the range of what a question can be, or was."""
    values = np.subtract(*(seed_matrix(side).mean(axis=0) for side in (*sides, [[0.0]])[:2]))
    low, high = extremes or (float(values.min()), float(values.max()))
    return MeanEstimate(float(values.mean()), low, high, float(low <= 0))


@lru_cache(maxsize=4)
def _weights(groups: int, draws: int, seed: int) -> Array:
    """Kept, because one report asks for the same draws dozens of times."""
    return cluster_weights(np.arange(groups), draws, seed)


def studentised(data: ClusteredMean, draws: int, seed: int) -> Array:
    """Bootstrap draws of (mean* - mean) / standard error* over clusters; draws without spread are left out, and so
    are those whose spread is ``NEGLIGIBLE``: where all answers end alike, what is left of it is the jitter of costs of
    a millionth of a dollar, and dividing by that gave intervals of billions."""
    weights = _weights(data.groups, draws, seed)
    sizes = weights @ data.sizes
    means = weights @ data.sums / sizes
    residuals = data.residuals
    shift = means - data.mean
    squares = weights @ residuals**2 - 2 * shift * (weights @ (residuals * data.sizes))
    squares += shift**2 * (weights @ data.sizes**2)
    errors = np.sqrt(data.groups / (data.groups - 1) * np.maximum(squares, 0.0)) / sizes
    kept = errors > NEGLIGIBLE * data.question_variance**0.5
    if not kept.any():  # every question alike: all that varies is the training
        return np.zeros(1)
    statistics: Array = shift[kept] / errors[kept]
    return statistics


def mean_estimate(
    sides: Sides,
    clusters: Clusters,
    extremes: tuple[float, float] | None = None,
    *,
    confidence: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
) -> MeanEstimate:
    """Interval of the mean over questions of one quantity or of a paired difference.

    ``extremes`` are the smallest and largest value one question can take, and no limit lies beyond them; ``None``
    leaves out the pseudo-questions (costs, whose range nobody knows). Training seeds widen it as
    ``ClusteredMean.widen`` says. Limits are hulled with the plain mean, so ``low <= mean <= high``. A single cluster
    has no interval of its own: the limits are then ``extremes``, or the smallest and largest value seen.
    """
    if single_cluster(clusters):
        return _range_of_values(sides, extremes)
    plain, data = summed(sides, clusters).mean, summed(sides, clusters, extremes or ())
    if np.sqrt(data.variance) <= 1e-12 * np.abs(data.sums / data.sizes).max():  # rounding, not variance
        return MeanEstimate(plain, plain, plain, float(plain <= 0))
    statistics = studentised(data, draws, seed)
    below, above = _halves(data, statistics, (1 - confidence) / 2)
    p = _p_not_positive(data, statistics)
    least, most = extremes or (-np.inf, np.inf)
    low, high = max(least, data.mean - below), min(most, data.mean + above)
    return MeanEstimate(plain, min(plain, low), max(plain, high), p)


def cost_estimate(usd: ArrayLike, clusters: Clusters, *, draws: int = 2000, seed: int = 0) -> MeanEstimate:
    """``mean_estimate`` of what a question costs, [seeds, n], whose mean cannot lie below zero."""
    found = mean_estimate((usd,), clusters, draws=draws, seed=seed)
    return replace(found, low=max(0.0, found.low))


def _halves(data: ClusteredMean, statistics: Array, tail: float) -> tuple[float, float]:
    """How far the interval reaches below and above the mean with ``tail`` left out on each side."""
    from scipy.stats import t as student

    quantile = float(student.isf(tail, data.groups - 1))
    lower, upper = np.quantile(statistics, [tail, 1 - tail])
    halves = np.array([max(quantile, upper), max(quantile, -lower)]) * data.question_variance**0.5
    below, above = data.widen(halves, lambda freedom: student.isf(tail, freedom))
    return float(below), float(above)


def _p_not_positive(data: ClusteredMean, statistics: Array) -> float:
    """The tail at which the interval just reaches zero; found directly for one seed, by bisection for several."""
    from scipy.optimize import brentq
    from scipy.stats import t as student

    if not any(part for part, _ in data.seed_terms):
        distance = data.mean / data.question_variance**0.5
        return max(float(student.sf(distance, data.groups - 1)), float(np.mean(statistics >= distance)))
    side = 0 if data.mean > 0 else 1

    def beyond(tail: float) -> float:
        return abs(data.mean) - _halves(data, statistics, tail)[side]

    smallest = 1e-9
    if beyond(0.5) <= 0:
        tail = 0.5
    else:
        tail = smallest if beyond(smallest) >= 0 else float(brentq(beyond, smallest, 0.5, xtol=1e-6))
    return tail if side == 0 else 1 - tail
