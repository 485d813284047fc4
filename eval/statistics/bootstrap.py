"""BCa bootstrap over clusters (Efron 1987), with quantiles expanded to Student's t (Hesterberg 2015)."""

from functools import lru_cache

import numpy as np

from eval.statistics.clustered_mean import ClusteredMean, Floats


@lru_cache(maxsize=4)
def _resamples(groups: int, draws: int, seed: int) -> Floats:
    """How often each cluster is drawn, shape ``[draws, groups]``; every row sums to ``groups``."""
    picks = np.random.default_rng(seed).integers(groups, size=(draws, groups))
    picks += np.arange(draws)[:, None] * groups
    return np.bincount(picks.ravel(), minlength=draws * groups).reshape(draws, groups).astype(np.float64)


def bca(data: ClusteredMean, *, level: float, draws: int, seed: int) -> tuple[float, float]:
    """The bias-corrected and accelerated interval of the mean.

    With ``z0`` the normal quantile of the share of bootstrap means below the mean (ties count half) and ``a`` the
    acceleration ``sum d^3 / (6 (sum d^2)^1.5)`` from the jackknife over clusters, an end is the bootstrap quantile at
    ``Phi(z0 + (z0 + z) / (1 - a (z0 + z)))``. ``z`` is ``sqrt(G / (G - 1))`` times the quantile of Student's t with
    ``G - 1`` degrees of freedom instead of the normal one: the plain bootstrap is too narrow by that factor.
    """
    from scipy.stats import norm, t

    groups = data.groups
    weights = _resamples(groups, draws, seed)
    means = (weights @ data.sums) / (weights @ data.sizes)
    below = (means < data.mean).mean() + 0.5 * (means == data.mean).mean()
    bias = float(norm.ppf(np.clip(below, 1 / draws, 1 - 1 / draws)))
    left_out = (data.sums.sum() - data.sums) / (data.n - data.sizes)
    deviations = left_out.mean() - left_out
    spread = np.square(deviations).sum()
    acceleration = float((deviations**3).sum() / (6 * spread**1.5)) if spread > 0 else 0.0
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    z = np.sqrt(groups / (groups - 1)) * t.ppf(tails, groups - 1)
    ends = norm.cdf(bias + (bias + z) / (1 - acceleration * (bias + z)))
    low, high = np.quantile(means, ends)
    return float(low), float(high)
