"""Fieller's interval for a ratio of two means."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from eval.economics.mean_interval import Clusters, Sides, single_cluster, summed
from eval.results import Interval
from eval.statistics.clustered_mean import ClusteredMean


def ratio_interval(
    numerator: Sides,
    denominator: Sides,
    clusters: Clusters,
    pseudo: Sequence[tuple[float, float]] = (),
    *,
    confidence: float = 0.95,
) -> Interval | None:
    """mean(numerator) / mean(denominator) over questions, with its interval.

    The interval is the set of ratios r for which mean(numerator - r * denominator) does not differ from zero by
    Student's t (Fieller 1954), with clustered errors that the training seeds widen; its ends are found by bisection.
    ``None`` where that set is unbounded, which is where the denominator is not shown to be above zero, and where all
    questions form one cluster. ``pseudo`` are (numerator, denominator) values of pseudo-questions, as in
    ``mean_interval``.
    """
    from scipy.optimize import brentq
    from scipy.stats import t as student

    def difference(ratio: float) -> ClusteredMean:
        rest = [top - ratio * bottom for top, bottom in pseudo]
        return summed(_combined(numerator, denominator, ratio), clusters, rest)

    def half(data: ClusteredMean) -> float:
        def quantile(freedom: int) -> float:
            return float(student.isf((1 - confidence) / 2, freedom))

        return float(data.widen(quantile(data.groups - 1) * data.question_variance**0.5, quantile))

    def excess(ratio: float) -> float:
        data = difference(ratio)
        return abs(data.mean) - half(data)

    if single_cluster(clusters):
        return None
    plain = summed(denominator, clusters).mean
    bottom = summed(denominator, clusters, [second for _, second in pseudo])
    if plain <= 0 or bottom.mean <= half(bottom):
        return None
    value = summed(numerator, clusters).mean / plain
    centre = summed(numerator, clusters, [first for first, _ in pseudo]).mean / bottom.mean
    start = half(difference(centre)) / bottom.mean
    if start <= 1e-12 * abs(centre):
        return Interval(value=value, low=value, high=value)
    ends = []
    for sign in (-1.0, 1.0):
        step = start
        while excess(centre + sign * step) <= 0:  # ends, because the denominator is shown to be above zero
            step *= 2
        ends.append(float(brentq(excess, centre, centre + sign * step, rtol=1e-9)))
    return Interval(value=value, low=min(value, ends[0]), high=max(value, ends[1]))


def _combined(numerator: Sides, denominator: Sides, ratio: float) -> Sides:
    """numerator - ratio * denominator, side by side."""
    sides: list[ArrayLike] = [
        np.asarray(top, dtype=np.float64) - ratio * np.asarray(bottom, dtype=np.float64)
        for top, bottom in zip(numerator, denominator, strict=True)
    ]
    return (sides[0],) if len(sides) == 1 else (sides[0], sides[1])
