"""Return on investment of a configuration against the status quo over the horizon."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from eval.economics.candidate import Candidate, more_stale, paired, volume
from eval.economics.fieller import ratio_interval
from eval.economics.mean_interval import (
    ONE_CLUSTER,
    Clusters,
    MeanEstimate,
    Sides,
    cost_estimate,
    mean_estimate,
    single_cluster,
)
from eval.economics.payback import payback_months
from eval.economics.spending import Spending
from eval.economics.status_quo import resolve_status_quo
from eval.economics.sum_interval import added, lowered, scaled
from eval.economics.worth import worth_extremes, worth_per_question
from eval.results import Interval, Roi, Scenario


@dataclass(frozen=True, eq=False)
class _Change:
    """What changes per question against the status quo (one or two sides [seeds, n]; ``stale`` is what staleness takes
    from the worth of a question) and per month."""

    worth: Sides
    usd: Sides
    reach: tuple[float, float]
    stale: Interval
    one_off: float
    hosting: float
    events: list[tuple[float, float]]


def roi(
    candidate: Candidate, scenario: Scenario, clusters: Clusters, candidates: Mapping[str, Candidate], *, seed: int = 0
) -> Roi:
    """Benefit, cost, net, ratio and payback with intervals; ``roi_with_reasons`` also says why one is absent."""
    return roi_with_reasons(candidate, scenario, clusters, candidates, seed=seed)[0]


def roi_with_reasons(
    candidate: Candidate, scenario: Scenario, clusters: Clusters, candidates: Mapping[str, Candidate], *, seed: int = 0
) -> tuple[Roi, dict[str, str]]:
    """The ``Roi`` and a reason for each absent field (``ratio``, ``payback_months``).

    Over volume N = questions per month * horizon, everything relative to the status quo:

        benefit = N * (mean(correct * value - wrong * harm + abstained * (value - escalation cost)) - staleness)
        cost    = one-off + hosting + repeats over the horizon + N * mean cost of a question
        net     = benefit - cost,   ratio = net / cost

    What the status quo cost once is spent already and is not saved by leaving it; what it costs per month and per
    question is. ``staleness`` is the mean over the horizon of what stale answers take from a question's worth, as if
    it were the same in every month; its uncertainty is in every interval. The ratio has Fieller's interval, the others
    that of a mean; ``payback_months`` is the months function at the limits of the monthly gain, present where the
    payback is shown at both limits.
    """
    asked, months = volume(scenario), scenario.horizon_months
    status_quo = resolve_status_quo(scenario, candidates)
    if isinstance(status_quo, Candidate) and status_quo.id == candidate.id:
        return _unchanged(scenario)
    change = _against(candidate, scenario, status_quo)
    fixed = change.one_off + change.hosting * months + sum(usd for _, usd in change.events)
    reach = _distinct(*change.reach)
    benefit = lowered(mean_estimate(change.worth, clusters, reach, seed=seed), change.stale, reach)
    if len(change.usd) == 1:
        spent = cost_estimate(change.usd[0], clusters, seed=seed)
    else:
        spent = mean_estimate(change.usd, clusters, seed=seed)
    saved = -spent.mean
    net_reach = _distinct(change.reach[0] + saved, change.reach[1] + saved)
    gain = lowered(mean_estimate(_net(change), clusters, net_reach, seed=seed), change.stale, net_reach)
    cost = spent.scaled(asked, fixed)
    ratio, reasons = _ratio(change, clusters, asked, fixed, cost)
    payback, why = _payback(change, gain, scenario)
    if payback is None:
        reasons["payback_months"] = why
    result = Roi(
        baseline=scenario.status_quo,
        horizon_months=months,
        benefit_usd=benefit.scaled(asked),
        cost_usd=cost,
        net_usd=gain.scaled(asked, -fixed),
        ratio=ratio,
        payback_months=payback,
    )
    return result, reasons


def _unchanged(scenario: Scenario) -> tuple[Roi, dict[str, str]]:
    """The status quo against itself: nothing is spent and nothing gained."""
    nothing = Interval(value=0.0, low=0.0, high=0.0)
    result = Roi(
        baseline=scenario.status_quo,
        horizon_months=scenario.horizon_months,
        benefit_usd=nothing,
        cost_usd=nothing,
        net_usd=nothing,
    )
    reason = "this configuration is the status quo"
    return result, {"ratio": reason, "payback_months": reason}


def _against(candidate: Candidate, scenario: Scenario, quo: Candidate | float) -> _Change:
    months, spending = scenario.horizon_months, candidate.spending
    worth = worth_per_question(candidate.outcomes, scenario)
    if isinstance(quo, float):
        least, most = worth_extremes(scenario, candidate.outcomes)
        return _Change(
            (worth - quo,),
            (candidate.usd,),
            (least - quo, most - quo),
            candidate.stale_usd(scenario),
            spending.one_off_usd,
            spending.hosting_usd_month,
            spending.events(months),
        )
    least, most = worth_extremes(scenario, candidate.outcomes, quo.outcomes)
    return _Change(
        paired(worth, worth_per_question(quo.outcomes, scenario), candidate, quo),
        paired(candidate.usd, quo.usd, candidate, quo),
        (least - most, most - least),
        more_stale(candidate, quo, scenario),
        spending.one_off_usd,
        spending.hosting_usd_month - quo.spending.hosting_usd_month,
        spending.events(months) + _saved(quo.spending, months),
    )


def _saved(spending: Spending, months: float) -> list[tuple[float, float]]:
    return [(month, -usd) for month, usd in spending.events(months)]


def _distinct(low: float, high: float) -> tuple[float, float] | None:
    """The extremes, or ``None`` where worth cannot vary and needs no pseudo-questions."""
    return (low, high) if high > low else None


def _net(change: _Change) -> Sides:
    sides = [np.subtract(worth, usd) for worth, usd in zip(change.worth, change.usd, strict=True)]
    return (sides[0],) if len(sides) == 1 else (sides[0], sides[1])


def _ratio(
    change: _Change, clusters: Clusters, asked: float, fixed: float, cost: Interval
) -> tuple[Interval | None, dict[str, str]]:
    """benefit / cost - 1; absent where the cost is not shown to be above zero."""
    reason = f"cost is not shown to be above zero: {cost.value:,.2f} USD ({cost.low:,.2f} to {cost.high:,.2f})"
    if single_cluster(clusters):
        return None, {"ratio": ONE_CLUSTER}
    if cost.low <= 0:
        return None, {"ratio": reason}
    # Per question: the fixed cost is spread over the questions asked, and stands on one side alone.
    spread: Sides = (np.add(change.usd[0], fixed / asked), *change.usd[1:])
    pseudo = [(end, cost.value / asked) for end in _distinct(*change.reach) or ()]
    fresh = ratio_interval(change.worth, spread, clusters, pseudo)
    if fresh is None:
        return None, {"ratio": reason}
    found = added(fresh, scaled(change.stale, -asked / cost.value))
    return Interval(value=found.value - 1, low=found.low - 1, high=found.high - 1), {}


def _payback(change: _Change, gain: MeanEstimate, scenario: Scenario) -> tuple[Interval | None, str]:
    def months(per_question: float) -> float | None:
        monthly = scenario.questions_per_month * per_question - change.hosting
        return payback_months(monthly, change.one_off, change.events, scenario.horizon_months)

    value, low, high = months(gain.mean), months(gain.high), months(gain.low)
    if value is not None and low is not None and high is not None:
        return Interval(value=value, low=low, high=high), ""
    horizon = f"within {scenario.horizon_months:g} months"
    if low is None:
        return None, f"not paid back {horizon}, even at the favourable end of the interval"
    if value is None:
        return None, f"not paid back {horizon}; at the favourable end of the interval after {low:.1f} months"
    return None, f"not shown to be paid back {horizon}; the estimate is {value:.1f} months, {low:.1f} at best"
