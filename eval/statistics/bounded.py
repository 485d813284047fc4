"""Conservative intervals for the mean of values that are known to lie within bounds."""

from collections.abc import Sequence

import numpy as np

from eval.statistics.clustered_mean import ClusteredMean, Floats

BLOCK = 2048
"""Draws made at a time, to bound the memory."""


def clopper_pearson(successes: int, n: int, *, level: float) -> tuple[float, float]:
    """The exact interval of a proportion (Clopper and Pearson 1934), from the quantiles of the Beta distribution."""
    from scipy.stats import beta

    tail = (1 - level) / 2
    low = beta.ppf(tail, successes, n - successes + 1) if successes > 0 else 0.0
    high = beta.isf(tail, successes + 1, n - successes) if successes < n else 1.0
    return float(low), float(high)


def gaffke(
    family: Sequence[ClusteredMean], bounds: tuple[float, float], *, tails: Floats, draws: int, seed: int
) -> tuple[Floats, Floats]:
    """The ends ``([m, k], [m, k])`` of Gaffke's (2005) interval of a bounded mean, by cluster, for each of ``tails``
    ``[m]`` and each of the ``k`` means in ``family``, which have their clusters in common.

    A tail is what the interval leaves out on one side, 0.025 for 95 %. The upper end is the ``1 - tail`` quantile of
    the mean under uniform Dirichlet weights after adding one cluster whose values all are the upper bound; the lower
    end likewise with the lower bound. On binary values of single questions this is the Clopper-Pearson interval
    exactly. The added cluster has the size of the largest one: then each ``S_g - mean m_g`` lies within the range that
    a bounded variable of that size can have, so the argument for independent values carries over to clusters of
    unequal sizes.
    """
    sums, sizes = np.stack([data.sums for data in family], axis=1), family[0].sizes
    generator = np.random.default_rng(seed)
    low, high = np.empty((draws, len(family))), np.empty((draws, len(family)))
    for start in range(0, draws, BLOCK):
        weights = generator.standard_exponential((min(BLOCK, draws - start), len(sizes) + 1))
        total, extra = weights[:, :-1] @ sums, weights[:, -1:] * sizes.max()
        count = weights[:, :-1] @ sizes[:, None] + extra
        low[start : start + BLOCK] = (total + extra * bounds[0]) / count
        high[start : start + BLOCK] = (total + extra * bounds[1]) / count
    return _quantiles(low, tails), _quantiles(high, 1 - tails)


def _quantiles(values: Floats, levels: Floats) -> Floats:
    """Linear quantiles of each column. ``numpy.quantile`` takes seconds for thousands of levels."""
    values = np.sort(values, axis=0)
    places = levels * (len(values) - 1)
    lower = np.floor(places).astype(np.intp)
    upper = np.minimum(lower + 1, len(values) - 1)
    return values[lower] + (places - lower)[:, None] * (values[upper] - values[lower])
