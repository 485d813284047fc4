"""A mean with its interval: rule 3 and rule 5 of the measurement rules."""

import numpy as np
from numpy.typing import ArrayLike

from eval.results import Estimate
from eval.statistics.bootstrap import bca
from eval.statistics.bounded import clopper_pearson, gaffke
from eval.statistics.clustered_mean import ClusteredMean, clustered_mean

SMALLEST_BOOTSTRAP = 50
"""Clusters below which the bootstrap is not trusted."""


def interval(
    values: ArrayLike,
    clusters: ArrayLike | None = None,
    *,
    seed: int,
    level: float = 0.95,
    draws: int = 4000,
    bounds: tuple[float, float] | None = (0.0, 1.0),
) -> Estimate:
    """The mean of per-question ``values`` and its interval.

    ``values`` has shape ``[n]``, or ``[seeds, n]`` for a configuration trained several times. ``clusters`` are the
    labels of ``clusters_by_gold``; none means independent questions. ``bounds`` are the metric's least and greatest
    possible value, or None where it has none (dollars, tokens).

    The method, named in ``Estimate.method``: Clopper-Pearson for proportions of independent questions; BCa bootstrap
    from 50 clusters on; otherwise (few clusters, or nearly all of them alike) Gaffke's bounded mean, which is
    conservative. Without bounds the last is Student's t, which is approximate. Several seeds widen the interval by
    the variance between their means (``ClusteredMean.widen``). Same arguments, same interval.

    Raises ``ValueError`` where there is no question, a value is not finite or lies outside ``bounds``.
    """
    from scipy.stats import t

    data = clustered_mean(values, clusters)
    if bounds is not None:
        check_bounds(values, bounds)
    low, high, method = _over_questions(data, bounds, level=level, draws=draws, seed=seed)
    low, high = (
        data.mean + side * float(data.widen(half, lambda df: t.isf((1 - level) / 2, df)))
        for side, half in ((-1, data.mean - low), (1, high - data.mean))
    )
    mean = data.mean
    if bounds is not None:
        low, high = max(low, bounds[0]), min(high, bounds[1])
    return Estimate(mean=mean, low=min(low, mean), high=max(high, mean), n=data.n, method=method + _described(data))


def check_bounds(values: ArrayLike, bounds: tuple[float, float]) -> None:
    """Raises ``ValueError`` where a value lies outside ``bounds``, rounding errors aside."""
    array = np.asarray(values, dtype=np.float64)
    if array.min() < bounds[0] - 1e-9 or array.max() > bounds[1] + 1e-9:
        raise ValueError(f"values from {array.min():g} to {array.max():g} lie outside the metric's bounds {bounds}")


def _over_questions(
    data: ClusteredMean, bounds: tuple[float, float] | None, *, level: float, draws: int, seed: int
) -> tuple[float, float, str]:
    """The interval over questions alone, and the name of its method."""
    from scipy.stats import t

    if data.binary and bounds == (0.0, 1.0):
        low, high = clopper_pearson(round(data.sums.sum()), data.n, level=level)
        return low, high, "Clopper-Pearson exact (conservative)"
    if data.groups >= SMALLEST_BOOTSTRAP and not data.near_constant(bounds):
        low, high = bca(data, level=level, draws=draws, seed=seed)
        return low, high, "BCa bootstrap"
    if bounds is not None:
        ends = gaffke([data], bounds, tails=np.array([(1 - level) / 2]), draws=draws, seed=seed)
        return float(ends[0][0, 0]), float(ends[1][0, 0]), "Gaffke bounded mean (conservative)"
    half = float(t.ppf((1 + level) / 2, max(data.groups - 1, 1))) * data.question_variance**0.5
    return data.mean - half, data.mean + half, "Student's t (approximate)"


def _described(data: ClusteredMean) -> str:
    """What was resampled, as a suffix of the method's name."""
    clustered = f", {data.groups} clusters" if data.groups < data.n else ""
    seeds = f", {data.seed_terms[0][1] + 1} training seeds" if data.seed_terms else ""
    return clustered + seeds
