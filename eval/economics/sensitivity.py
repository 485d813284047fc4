"""Sensitivity of a decision between two configurations: one factor moved at a time (a tornado)."""

from collections.abc import Mapping
from dataclasses import replace

from eval.economics.account import Books
from eval.economics.candidate import Candidate, volume
from eval.economics.lead import gain, net_value, standing
from eval.economics.prices import PriceBook
from eval.economics.terms import Economics, scenario_of
from eval.finance import Factor, Swing, Tornado

DEFAULT_SWINGS: Mapping[Factor, tuple[float, float]] = {
    "price": (0.5, 2.0),
    "volume": (0.5, 2.0),
    "cadence": (0.5, 2.0),
    "churn": (0.0, 2.0),
    "value": (0.5, 2.0),
    "harm": (0.0, 2.0),
}
"""Multiples of the declared setting. Accuracy has none: it moves over its own 95 % interval."""


def sensitivity(
    books: Books,
    economics: Economics,
    prices: PriceBook,
    a: str,
    b: str,
    *,
    swings: Mapping[Factor, tuple[float, float]] = DEFAULT_SWINGS,
) -> Tornado:
    """What each factor does to the net value of ``a`` less that of ``b``, the largest effect first.

    ``price`` multiplies every price of the book, ``volume`` the questions per month (and with them the peak, and the
    machines that are dedicated to it), ``cadence`` how often retraining and re-indexing recur, ``churn`` the share of
    facts that change, ``value`` and ``harm`` what a correct answer is worth and a wrong one costs. ``accuracy`` is
    measured, so it goes to the two ends of the 95 % interval of the difference in worth, staleness included. A factor
    that changes nothing is left out. ``b`` may be the status quo, whose one-off cost is spent.
    """

    def net(terms: Economics, book: PriceBook) -> float:
        scenario = scenario_of(terms, book)
        first, second = (standing(books, terms, book, name) for name in (a, b))
        return net_value(first, scenario) - net_value(second, scenario)

    base = net(economics, prices)
    bars = []
    for factor, (low, high) in swings.items():
        ends = [net(*moved(economics, prices, factor, multiple)) for multiple in (low, high)]
        bars.append(_swing(factor, [_label(economics, factor, multiple) for multiple in (low, high)], base, ends))
    bars.append(_accuracy(books, economics, prices, a, b, base))
    kept = [bar for bar in bars if bar.net_low != bar.net_high]
    return Tornado(a=a, b=b, swings=tuple(sorted(kept, key=lambda bar: -abs(bar.net_high - bar.net_low))))


def moved(economics: Economics, prices: PriceBook, factor: Factor, multiple: float) -> tuple[Economics, PriceBook]:
    """The terms with one factor at a multiple of its setting."""
    if factor == "price":
        return economics, prices.times(multiple)
    if factor == "volume":
        return economics.at_volume(economics.questions_per_month * multiple), prices
    changed: dict[str, float] = {}
    if factor == "cadence":
        for name in ("retrain_months", "reindex_months"):
            if (months := getattr(economics, name)) is not None:
                changed[name] = months / multiple
    elif factor == "churn":
        changed["churn_per_month"] = min(1.0, economics.churn_per_month * multiple)
    else:
        field = "correct_usd" if factor == "value" else "wrong_usd"
        changed[field] = getattr(economics, field) * multiple
    return economics.model_copy(update=changed), prices


def _accuracy(books: Books, economics: Economics, prices: PriceBook, a: str, b: str, base: float) -> Swing:
    # Costs are left out of the worth, so that this bar is accuracy alone.
    scenario = scenario_of(economics, prices)
    first, second = (
        replace(one, usd=0 * one.usd) if isinstance(one, Candidate) else one
        for one in (standing(books, economics, prices, name) for name in (a, b))
    )
    assert isinstance(first, Candidate)
    worth = gain(first, second, scenario, books.clusters, books.seed)
    ends = [base + volume(scenario) * (limit - worth.mean) for limit in (worth.low, worth.high)]
    labels = [f"{limit:+.4g} USD a question" for limit in (worth.low, worth.high)]
    return _swing("accuracy", labels, base, ends)


def _swing(factor: Factor, labels: list[str], base: float, ends: list[float]) -> Swing:
    flips = any((end > 0) != (base > 0) for end in ends)
    return Swing(
        factor=factor, low=labels[0], high=labels[1], net_base=base, net_low=ends[0], net_high=ends[1], flips=flips
    )


def _label(economics: Economics, factor: Factor, multiple: float) -> str:
    if factor == "volume":
        return f"{economics.questions_per_month * multiple:,.0f} questions a month"
    if factor == "harm":
        return f"{economics.wrong_usd * multiple:,.4g} USD a wrong answer"
    if factor == "value":
        return f"{economics.correct_usd * multiple:,.4g} USD a correct answer"
    if factor == "churn":
        return f"{100 * min(1.0, economics.churn_per_month * multiple):.3g} % of facts a month"
    return f"{multiple:g} x {'prices' if factor == 'price' else 'as often'}"
