"""Break-even volume: from how many questions on one configuration is cheaper, or worth more, than another."""

from typing import Literal

from eval.economics.candidate import Candidate, more_stale, paired
from eval.economics.mean_interval import Clusters, MeanEstimate, mean_estimate
from eval.economics.sum_interval import lowered
from eval.economics.worth import worth_extremes
from eval.results import BreakEven, Scenario, Volume

Basis = Literal["cost", "net_value"]


def basis(verdict: Literal["a", "b", "equivalent", "undecided"]) -> Basis:
    """Cost where the two are shown equivalent; net value, which prices the difference in quality, otherwise."""
    return "cost" if verdict == "equivalent" else "net_value"


def advantage(
    a: Candidate, b: Candidate, scenario: Scenario, clusters: Clusters, *, on: Basis, draws: int = 2000, seed: int = 0
) -> MeanEstimate:
    """What one more question gains with ``a`` over ``b``, dollars: cost saved, or net value won."""
    if on == "cost":
        return mean_estimate(paired(-a.usd, -b.usd, a, b), clusters, draws=draws, seed=seed)
    values = paired(a.net_worth(scenario), b.net_worth(scenario), a, b)
    extremes = gain_extremes(a, b, scenario)
    fresh = mean_estimate(values, clusters, extremes, draws=draws, seed=seed)
    return lowered(fresh, more_stale(a, b, scenario), extremes)


def gain_extremes(a: Candidate, b: Candidate, scenario: Scenario) -> tuple[float, float] | None:
    """Least and most that one question can gain in net value with ``a`` over ``b``; ``None`` where worth is fixed."""
    least, most = worth_extremes(scenario, a.outcomes, b.outcomes)
    saved, reach = float(b.usd.mean() - a.usd.mean()), most - least
    return (saved - reach, saved + reach) if reach else None


def break_even(
    a: Candidate, b: Candidate, scenario: Scenario, clusters: Clusters, *, on: Basis, draws: int = 2000, seed: int = 0
) -> BreakEven:
    """Questions over the scenario's horizon from which on ``a`` beats ``b``.

    With F the difference of what does not depend on questions (one-off, hosting and repeats over the horizon) and s
    the mean gain per question, ``a`` wins where ``s * N > F``, so the volume is N = F / s. F is measured once and
    taken as known; the 95 % set of N is the image of the interval of s. Statuses, for F > 0:

    * ``at``: s is shown positive; the interval is [F / high, F / low];
    * ``always_b``: s is shown not to be positive, so ``a`` never catches up;
    * ``undecided``: s may be positive or not; the set has no upper end (``high`` is absent), and where the estimate
      of s is not positive there is no volume to name at all.

    Where ``a`` has the lower fixed cost the question is asked for ``b``, whose crossing it is, and the result names
    ``b`` first, unless ``a`` wins at every volume (``always_a``). ``p_never`` is the one-sided p value against "there
    is no such volume" (the larger of Student's t and the bootstrap's), at the same level as the interval.
    """
    months = scenario.horizon_months
    fixed = a.spending.fixed_usd(months) - b.spending.fixed_usd(months)
    scale = max(a.spending.fixed_usd(months), b.spending.fixed_usd(months))
    if abs(fixed) <= 1e-9 * scale:
        fixed = 0.0
    if fixed < 0:
        turned = break_even(b, a, scenario, clusters, on=on, draws=draws, seed=seed)
        if turned.status == "always_b":
            return BreakEven(a=a.id, b=b.id, on=on, status="always_a", p_never=0.0)
        return turned
    gain = advantage(a, b, scenario, clusters, on=on, draws=draws, seed=seed)
    status, questions = _invert(fixed, gain)
    return BreakEven(a=a.id, b=b.id, on=on, status=status, questions=questions, p_never=gain.p_not_positive)


def _invert(
    fixed: float, gain: MeanEstimate
) -> tuple[Literal["at", "always_a", "always_b", "undecided"], Volume | None]:
    """Status and volume for a fixed cost that is not below zero."""
    if fixed == 0:
        if gain.low > 0:
            return "always_a", None
        return ("always_b", None) if gain.high < 0 else ("undecided", None)
    if gain.high <= 0:
        return "always_b", None
    if gain.low > 0:
        return "at", Volume(value=fixed / gain.mean, low=fixed / gain.high, high=fixed / gain.low)
    if gain.mean > 0:
        return "undecided", Volume(value=fixed / gain.mean, low=fixed / gain.high, high=None)
    return "undecided", None
