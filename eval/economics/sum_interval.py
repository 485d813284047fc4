"""Intervals of sums of independently measured quantities."""

from math import hypot, inf

from eval.economics.mean_interval import MeanEstimate
from eval.results import Interval

NOTHING = Interval(value=0.0, low=0.0, high=0.0)


def added(*parts: Interval) -> Interval:
    """The sum of independent quantities: how far its limits reach is the root of the summed squares of how far theirs
    do, on each side (MOVER, Zou and Donner 2008)."""
    value = sum(part.value for part in parts)
    below = hypot(*(part.value - part.low for part in parts))
    above = hypot(*(part.high - part.value for part in parts))
    return Interval(value=value, low=value - below, high=value + above)


def scaled(part: Interval, factor: float) -> Interval:
    """``factor`` times a quantity; a negative factor turns the limits round."""
    low, high = sorted((factor * part.low, factor * part.high))
    return Interval(value=factor * part.value, low=low, high=high)


def lowered(estimate: MeanEstimate, loss: Interval, extremes: tuple[float, float] | None = None) -> MeanEstimate:
    """The mean less an independently measured ``loss``, exactly the mean where that is nothing. No limit lies beyond
    ``extremes``, between which the difference is known to lie.

    The p value is moved to the new distance from zero in units of the new reach towards zero, as if the estimate were
    normal, so that it meets half the error level where the interval meets zero.
    """
    if loss == NOTHING:
        return estimate
    moved = added(Interval(value=estimate.mean, low=estimate.low, high=estimate.high), scaled(loss, -1.0))
    least, most = extremes or (-inf, inf)
    low, high = min(moved.value, max(least, moved.low)), max(moved.value, min(most, moved.high))
    return MeanEstimate(moved.value, low, high, _p_not_positive(moved))


def _p_not_positive(moved: Interval) -> float:
    from scipy.stats import norm

    reach = moved.value - moved.low if moved.value > 0 else moved.high - moved.value
    if reach == 0:
        return float(moved.value <= 0)
    return float(norm.sf(norm.isf(0.025) * moved.value / reach))
