"""Conservative intervals for the mean of values that are known to lie within bounds."""

from functools import lru_cache

import numpy as np

from eval.statistics.clustered_mean import ClusteredMean, Floats


def clopper_pearson(successes: int, n: int, *, level: float) -> tuple[float, float]:
    """The exact interval of a proportion (Clopper and Pearson 1934), from the quantiles of the Beta distribution."""
    from scipy.stats import beta

    tail = (1 - level) / 2
    low = beta.ppf(tail, successes, n - successes + 1) if successes > 0 else 0.0
    high = beta.isf(tail, successes + 1, n - successes) if successes < n else 1.0
    return float(low), float(high)


@lru_cache(maxsize=4)
def _spacings(groups: int, draws: int, seed: int) -> Floats:
    """Unnormalised uniform Dirichlet weights of ``groups`` clusters and one more, shape ``[draws, groups + 1]``."""
    return np.random.default_rng(seed).standard_exponential((draws, groups + 1))


def gaffke(
    data: ClusteredMean, bounds: tuple[float, float], *, tails: Floats, draws: int, seed: int
) -> tuple[Floats, Floats]:
    """The ends ``([m], [m])`` of Gaffke's (2005) interval of a bounded mean, by cluster, for each of ``tails`` ``[m]``.

    A tail is what the interval leaves out on one side, 0.025 for 95 %. The upper end is the ``1 - tail`` quantile of
    the mean under uniform Dirichlet weights after adding one
    cluster whose values all are the upper bound; the lower end likewise with the lower bound. On binary values of
    single questions this is the Clopper-Pearson interval exactly. The added cluster has the size of the largest one:
    then each ``S_g - mean m_g`` lies within the range that a bounded variable of that size can have, so the argument
    for independent values carries over to clusters of unequal sizes.
    """
    weights = _spacings(data.groups, draws, seed)
    extra, weights = weights[:, -1], weights[:, :-1]
    size = float(data.sizes.max())
    total, count = weights @ data.sums, weights @ data.sizes + extra * size
    low = np.quantile((total + extra * size * bounds[0]) / count, tails)
    high = np.quantile((total + extra * size * bounds[1]) / count, 1 - tails)
    return np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
