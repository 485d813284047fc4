"""Paired sign-flip test of a mean difference, by cluster, and the interval that inverts it.

Under the hypothesis that the true difference is ``theta`` the residual ``S_g - theta m_g`` of a cluster is as likely
to come out with the other sign (Fisher 1935; clusters as in Winkler et al. 2015). With signs ``e_g`` the hypothesis
is as likely as the share of sign vectors whose ``|sum e_g (S_g - theta m_g)|`` reaches the observed one. For each sign
vector the greatest deviation ``theta - delta`` at which it still does so has a closed form, so the test at every
theta, and with it the interval, comes from one sorted list. Test and interval therefore agree by construction.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from eval.statistics.clustered_mean import ClusteredMean, Floats

EXACT_CLUSTERS = 14
"""Up to this many clusters all ``2^G`` sign vectors are enumerated."""
BLOCK = 2048


@dataclass(frozen=True)
class SignFlips:
    """The randomisation distribution of one paired difference.

    ``above`` and ``below`` hold, sorted upwards, for each sign vector how far above and below the observed difference
    the true one may lie before the vector counts as less extreme than the observation (infinite for the vector that
    changes nothing, which a Monte Carlo sample always includes).
    """

    above: Floats
    below: Floats

    @property
    def tails(self) -> Floats:
        """Half the two-sided level at each place of the sorted lists, shape ``[m]``."""
        return np.arange(len(self.above), 0, -1) / (2 * len(self.above))

    def joined(self, low: Floats, high: Floats, mean: float) -> "SignFlips":
        """The same test and interval, joined at every level with another interval of the ``mean``, whose ends at
        ``tails`` are ``low`` and ``high``: the wider of the two counts, and the greater p."""
        return SignFlips(np.maximum(self.above, high - mean), np.maximum(self.below, mean - low))

    def with_seeds(self, data: ClusteredMean) -> "SignFlips":
        """The same test and interval widened at every level by what training varies, ``data.widen``."""
        draws = len(self.above)
        return SignFlips(
            data.widen(self.above, lambda df: _quantiles(draws, df)),
            data.widen(self.below, lambda df: _quantiles(draws, df)),
        )

    def p_value(self, delta: float) -> float:
        """Two-sided p of "no difference" when ``delta`` was observed: the share of sign vectors at least as extreme,
        ``(b + 1) / (m + 1)`` where they were sampled."""
        thresholds = self.below if delta >= 0 else self.above
        reached = len(thresholds) - np.searchsorted(thresholds, abs(delta) - 1e-9, side="left")
        return float(reached / len(thresholds))

    def half_widths(self, alpha: float) -> tuple[float, float]:
        """How far the ``1 - alpha`` interval reaches below and above the observed difference; infinite where the sign
        vectors are too few to exclude anything at this level."""
        allowed = int(np.floor(alpha * len(self.above) + 1e-9))
        place = len(self.above) - 1 - allowed
        return float(self.below[place]), float(self.above[place])


@lru_cache(maxsize=16)
def _quantiles(draws: int, df: int) -> Floats:
    """Student's t at the two-sided level of each place in a sorted list of ``draws`` thresholds, shape ``[draws]``."""
    from scipy.stats import t

    return np.asarray(t.isf(np.arange(draws, 0, -1) / (2 * draws), df), dtype=np.float64)


def _signs(groups: int, draws: int, generator: np.random.Generator) -> Floats:
    """Every sign vector up to ``EXACT_CLUSTERS`` clusters, otherwise ``draws`` random ones, shape ``[m, groups]``."""
    if groups <= EXACT_CLUSTERS:
        codes = np.arange(2**groups)[:, None] >> np.arange(groups)
        return (1.0 - 2.0 * (codes & 1)).astype(np.float64)
    packed = generator.integers(256, size=(draws, (groups + 7) // 8), dtype=np.uint8)
    return (1.0 - 2.0 * np.unpackbits(packed, axis=1, count=groups)).astype(np.float64)


def sign_flips(differences: list[ClusteredMean], *, draws: int, seed: int) -> list[SignFlips]:
    """The randomisation distributions of several differences over the same clusters, from the same sign vectors.

    ``draws`` random sign vectors are taken where ``2^G`` is more than 16,384.
    """
    sizes = differences[0].sizes
    n, groups = sizes.sum(), len(sizes)
    residuals = np.stack([difference.residuals for difference in differences], axis=1)
    generator = np.random.default_rng(seed)
    exact = groups <= EXACT_CLUSTERS
    above, below = [], []
    for start in range(0, 1 if exact else draws, BLOCK):
        signs = _signs(groups, min(BLOCK, draws - start), generator)
        flipped, balance = signs @ residuals, (signs @ sizes)[:, None]
        whole = n - np.abs(balance[:, 0]) < 0.5
        with np.errstate(divide="ignore", invalid="ignore"):
            up = np.maximum(flipped / (n + balance), -flipped / (n - balance))
            down = np.maximum(flipped / (n - balance), -flipped / (n + balance))
        up[whole], down[whole] = np.inf, np.inf
        above.append(up)
        below.append(down)
    if not exact:
        observed = np.full((1, len(differences)), np.inf)
        above.append(observed)
        below.append(observed)
    up, down = np.sort(np.concatenate(above), axis=0), np.sort(np.concatenate(below), axis=0)
    return [SignFlips(up[:, column], down[:, column]) for column in range(len(differences))]
