"""Sensitivity of a decision between two configurations: one factor moved at a time (a tornado)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from eval.economics.break_even import advantage
from eval.economics.candidate import Candidate, volume
from eval.economics.mean_interval import Clusters
from eval.economics.worth import worth_per_question
from eval.results import Scenario

Factor = Literal["price", "volume", "cadence", "accuracy", "harm"]
DEFAULT_SWINGS: Mapping[Factor, tuple[float, float]] = {
    "price": (0.5, 2.0),
    "volume": (0.5, 2.0),
    "cadence": (0.5, 2.0),
    "harm": (0.0, 2.0),
}
"""Multiples of the declared setting. Accuracy has none: it moves over its own 95 % interval."""


@dataclass(frozen=True)
class Swing:
    """``net_low`` and ``net_high`` are net value of ``a`` minus ``b`` over the horizon, dollars, at the factor's
    low and high setting; ``flips`` says whether one of them prefers another configuration than the base case."""

    factor: Factor
    low: str
    high: str
    net_base: float
    net_low: float
    net_high: float
    flips: bool


def net_difference(a: Candidate, b: Candidate, scenario: Scenario) -> float:
    """Net value of ``a`` minus ``b`` over the horizon: N * (mean net worth a - b) - (fixed cost a - b), dollars."""
    gain = float(a.net_worth(scenario).mean() - b.net_worth(scenario).mean())
    months = scenario.horizon_months
    return volume(scenario) * gain - a.spending.fixed_usd(months) + b.spending.fixed_usd(months)


def sensitivity(
    a: Candidate,
    b: Candidate,
    scenario: Scenario,
    clusters: Clusters,
    *,
    swings: Mapping[Factor, tuple[float, float]] = DEFAULT_SWINGS,
    seed: int = 0,
) -> tuple[Swing, ...]:
    """What each factor does to ``net_difference``, the largest effect first.

    ``price`` multiplies every dollar spent by both, ``volume`` the questions per month, ``cadence`` how often
    retraining and re-indexing recur, ``harm`` the cost of a wrong answer. ``accuracy`` is not declared but measured,
    so it goes to the two ends of the 95 % interval of the difference in worth.
    """
    base = net_difference(a, b, scenario)
    records = []
    for factor, multiples in swings.items():
        ends = [_moved(a, b, scenario, factor, multiple) for multiple in multiples]
        labels = [_label(scenario, factor, multiple) for multiple in multiples]
        records.append(_swing(factor, labels, base, ends))
    # Costs are left out of the worth, so that this bar is accuracy alone.
    free_a, free_b = (replace(one, usd=0 * one.usd) for one in (a, b))
    worth = advantage(free_a, free_b, scenario, clusters, on="net_value", seed=seed)
    asked = volume(scenario)
    mean = float(worth_per_question(a.outcomes, scenario).mean() - worth_per_question(b.outcomes, scenario).mean())
    ends = [base + asked * (limit - mean) for limit in (worth.low, worth.high)]
    labels = [f"{limit:+.4g} USD a question" for limit in (worth.low, worth.high)]
    records.append(_swing("accuracy", labels, base, ends))
    return tuple(sorted(records, key=lambda record: -abs(record.net_high - record.net_low)))


def _swing(factor: Factor, labels: list[str], base: float, ends: list[float]) -> Swing:
    flips = any((end > 0) != (base > 0) for end in ends)
    return Swing(factor, labels[0], labels[1], base, ends[0], ends[1], flips)


def _label(scenario: Scenario, factor: Factor, multiple: float) -> str:
    if factor == "volume":
        return f"{scenario.questions_per_month * multiple:,.0f} questions a month"
    if factor == "harm":
        return f"{scenario.wrong_usd * multiple:,.4g} USD a wrong answer"
    return f"{multiple:g} x {'prices' if factor == 'price' else 'as often'}"


def _moved(a: Candidate, b: Candidate, scenario: Scenario, factor: Factor, multiple: float) -> float:
    if factor == "volume":
        scenario = scenario.model_copy(update={"questions_per_month": scenario.questions_per_month * multiple})
    elif factor == "harm":
        scenario = scenario.model_copy(update={"wrong_usd": scenario.wrong_usd * multiple})
    elif factor == "price":
        a, b = _repriced(a, multiple), _repriced(b, multiple)
    else:
        a, b = _recadenced(a, multiple), _recadenced(b, multiple)
    return net_difference(a, b, scenario)


def _repriced(candidate: Candidate, multiple: float) -> Candidate:
    spending = candidate.spending
    scaled = replace(
        spending,
        one_off_usd=spending.one_off_usd * multiple,
        hosting_usd_month=spending.hosting_usd_month * multiple,
        per_question_usd=spending.per_question_usd * multiple,
        repeats=tuple((cadence, usd * multiple) for cadence, usd in spending.repeats),
    )
    return replace(candidate, spending=scaled, usd=candidate.usd * multiple)


def _recadenced(candidate: Candidate, multiple: float) -> Candidate:
    repeats = tuple((cadence / multiple, usd) for cadence, usd in candidate.spending.repeats)
    return replace(candidate, spending=replace(candidate.spending, repeats=repeats))
