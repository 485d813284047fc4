"""Paired comparisons of configurations over one declared family of contrasts: rule 4 of the measurement rules.

One simultaneous interval carries the whole verdict: a difference is shown where it leaves out zero, equivalence where
it lies within the margin. So no verdict can contradict its interval, and a family whose intervals all hold has no
false verdict of any sort.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from eval.results import Comparison
from eval.statistics.bounded import gaffke
from eval.statistics.clustered_mean import ClusteredMean, clustered_mean, seed_matrix
from eval.statistics.interval import check_bounds
from eval.statistics.sign_flip import EXACT_CLUSTERS, SignFlips, sign_flips

Verdict = Literal["a", "b", "equivalent", "undecided"]
POWER = 0.8
SHOWN_SHARE = 0.2
"""Part of its level that the interval of a shown difference keeps while others of the family are not shown: Holm has
passed the level on to those."""
OPEN_AT_ZERO = 1e-9
"""The end of an interval that leaves out zero but reaches every difference beyond it."""


@dataclass(frozen=True)
class _Contrast:
    """One paired difference with its randomisation distribution and unadjusted p."""

    data: ClusteredMean
    flips: SignFlips
    p: float
    method: str


def compare_family(
    contrasts: Sequence[tuple[str, str]],
    values: Mapping[str, ArrayLike],
    clusters: ArrayLike | None = None,
    *,
    metric: str,
    seed: int,
    margin: float = 0.03,
    level: float = 0.95,
    draws: int = 20_000,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> list[Comparison]:
    """Compare each ``(a, b)`` of ``contrasts`` on the same questions; greater values are better.

    ``values`` maps configuration ids to ``[n]`` or ``[seeds, n]`` per-question values of ``metric`` within
    ``bounds``; ``clusters`` are the labels of ``clusters_by_gold``. ``delta`` is mean(a) - mean(b).

    - ``p``: exact McNemar for 0/1 values of independent questions and one seed, otherwise the sign-flip test by
      cluster, exact up to 14 clusters. Where nearly all differences are alike (``ClusteredMean.near_constant``), the
      greater p of that and of Gaffke's bound: sign flips cannot know of a rare large difference that was not seen.
      Several seeds shrink the evidence by the variance between their means.
    - ``p_adjusted``: Holm over the family.
    - ``low``, ``high``: simultaneous interval, the same test inverted at ``(1 - level) / m`` (Bonferroni), and at a
      fifth of that for a difference that is shown while others are not, because Holm passes its level on to those.
      Where a shown difference has zero in its interval, the interval is cut there.
    - ``verdict``: ``equivalent`` where the interval lies within ``margin`` on both sides (two one-sided tests), even
      if zero is left out: a difference smaller than the margin does not matter. Otherwise ``a`` or ``b`` where
      ``p_adjusted`` is at most ``1 - level``, otherwise ``undecided``.
    - ``minimum_detectable``: the true difference found with 80 % power at the level ``(1 - level) / m``; at least the
      half width of the interval, which is the wider one where few questions carry a difference.

    Raises ``ValueError`` on values outside ``bounds`` or on other questions, ``KeyError`` on an unknown id.
    """
    if not contrasts:
        return []
    for identifier in {identifier for pair in contrasts for identifier in pair}:
        check_bounds(values[identifier], bounds)
    alpha, width = 1 - level, bounds[1] - bounds[0]
    family = _contrasts(contrasts, values, clusters, width, draws=draws, seed=seed)
    adjusted = holm([contrast.p for contrast in family])
    share = alpha / len(family)
    all_shown = max(adjusted) <= alpha
    found = []
    for (a, b), contrast, p_adjusted in zip(contrasts, family, adjusted, strict=True):
        delta, shown = contrast.data.mean, p_adjusted <= alpha
        low, high = _interval(contrast, share * SHOWN_SHARE if shown and not all_shown else share, width)
        low, high = _agreeing(delta, low, high, shown)
        found.append(
            Comparison(
                a=a,
                b=b,
                metric=metric,
                delta=delta,
                low=low,
                high=high,
                p=contrast.p,
                p_adjusted=p_adjusted,
                verdict=_verdict(delta, low, high, shown, margin),
                minimum_detectable=_minimum_detectable(contrast, share, width),
                margin=margin,
                method=contrast.method,
            )
        )
    return found


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's (1979) adjusted p: the running maximum of ``(m - j + 1) p_(j)`` over the sorted values, at most 1."""
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    adjusted = np.empty_like(stepped)
    adjusted[order] = stepped
    return [float(value) for value in adjusted]


def mcnemar(a: ArrayLike, b: ArrayLike) -> float:
    """Exact McNemar test of two 0/1 arrays on the same questions: two-sided binomial on the discordant pairs."""
    from scipy.stats import binomtest

    first, second = np.asarray(a, dtype=bool), np.asarray(b, dtype=bool)
    only_a, only_b = int((first & ~second).sum()), int((second & ~first).sum())
    return float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0


def _contrasts(
    contrasts: Sequence[tuple[str, str]],
    values: Mapping[str, ArrayLike],
    clusters: ArrayLike | None,
    width: float,
    *,
    draws: int,
    seed: int,
) -> list[_Contrast]:
    """The tested differences; ``width`` is the greatest difference possible."""
    differences = [clustered_mean(values[a], clusters, values[b]) for a, b in contrasts]
    flips = sign_flips(differences, draws=draws, seed=seed)
    near_constant = [row for row, data in enumerate(differences) if data.near_constant((-width, width))]
    if near_constant:
        few = [differences[row] for row in near_constant]
        lows, highs = gaffke(few, (-width, width), tails=flips[0].tails, draws=draws, seed=seed)
        for column, row in enumerate(near_constant):
            flips[row] = flips[row].joined(lows[:, column], highs[:, column], differences[row].mean)
    family = []
    for row, ((a, b), data) in enumerate(zip(contrasts, differences, strict=True)):
        widened = flips[row].with_seeds(data)
        if data.binary:
            p, method = mcnemar(seed_matrix(values[a])[0], seed_matrix(values[b])[0]), "exact McNemar"
        else:
            p = widened.p_value(data.mean)
            method = "exact sign-flip" if data.groups <= EXACT_CLUSTERS else f"sign-flip, {draws} draws"
            method += ", with Gaffke's bound" if row in near_constant else ""
        family.append(_Contrast(data, widened, p, method + _described(data, len(contrasts))))
    return family


def _described(data: ClusteredMean, family: int) -> str:
    clustered = f", {data.groups} clusters" if data.groups < data.n else ""
    seeds = f", training seeds {'+'.join(str(df + 1) for _, df in data.seed_terms)}" if data.seed_terms else ""
    return f"{clustered}{seeds}, Holm over {family}"


def _interval(contrast: _Contrast, alpha: float, width: float) -> tuple[float, float]:
    """The interval at ``1 - alpha`` that inverts the test, within the range of differences."""
    below, above = contrast.flips.half_widths(alpha)
    return max(contrast.data.mean - below, -width), min(contrast.data.mean + above, width)


def _agreeing(delta: float, low: float, high: float, shown: bool) -> tuple[float, float]:
    """The interval cut at zero where the step-down test excludes zero, and stretched to it where that does not."""
    if not shown:
        return min(low, 0.0), max(high, 0.0)
    if delta > 0:
        return max(low, min(delta, OPEN_AT_ZERO)), high
    return low, min(high, max(delta, -OPEN_AT_ZERO))


def _verdict(delta: float, low: float, high: float, shown: bool, margin: float) -> Verdict:
    if -margin < low and high < margin:
        return "equivalent"
    if shown:
        return "a" if delta > 0 else "b"
    return "undecided"


def _minimum_detectable(contrast: _Contrast, alpha: float, width: float) -> float:
    """``(t_(1 - alpha / 2) + t_power) * se`` from the standard error of the paired difference by cluster and seed, or
    the half width of the interval where that is wider; at most the width of the metric's range, which also stands
    where one cluster tells nothing."""
    from scipy.stats import t

    data = contrast.data
    if data.groups < 2:
        return width
    half = t.isf(alpha / 2, data.groups - 1) * data.question_variance**0.5
    critical = data.widen(half, lambda df: t.isf(alpha / 2, df))
    normal = float(critical) + t.ppf(POWER, data.groups - 1) * data.variance**0.5
    return float(min(max(normal, *contrast.flips.half_widths(alpha)), width))
