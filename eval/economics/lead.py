"""How far one configuration is ahead of another, or of the status quo, in net value over the horizon."""

from dataclasses import replace

from eval.economics.account import Books, candidate_of, priced
from eval.economics.break_even import advantage
from eval.economics.candidate import Candidate, volume
from eval.economics.mean_interval import Clusters, MeanEstimate, mean_estimate
from eval.economics.prices import PriceBook
from eval.economics.status_quo import resolve_status_quo
from eval.economics.sum_interval import lowered
from eval.economics.terms import Economics, scenario_of
from eval.economics.worth import worth_extremes
from eval.results import Interval, Scenario


def standing(books: Books, economics: Economics, prices: PriceBook, name: str) -> Candidate | float:
    """A configuration by its id, or the status quo without one: the net worth of a question. The one-off cost of a
    configuration that is the status quo is spent already, and counts no more."""
    if name not in {account.id for account in books.accounts}:
        found = resolve_status_quo(scenario_of(economics, prices), {})
        assert not isinstance(found, Candidate)
        return found
    account = books.account(name)
    cost, usd = priced(account, economics, prices, books.clusters, draws=1)
    return without_sunk(candidate_of(account, cost, usd, economics), economics)


def without_sunk(candidate: Candidate, economics: Economics) -> Candidate:
    """The candidate as it is, or without what was paid once where it is the status quo."""
    if candidate.id != economics.status_quo:
        return candidate
    return replace(candidate, spending=replace(candidate.spending, one_off_usd=0.0))


def net_value(candidate: Candidate | float, scenario: Scenario) -> float:
    """Dollars over the horizon: N * (mean worth - staleness - mean marginal cost) - fixed cost; a number is the net
    worth of one question without any system."""
    asked = volume(scenario)
    if not isinstance(candidate, Candidate):
        return asked * candidate
    mean = float(candidate.net_worth(scenario).mean()) - candidate.stale_usd(scenario).value
    return asked * mean - candidate.spending.fixed_usd(scenario.horizon_months)


def gain(a: Candidate, b: Candidate | float, scenario: Scenario, clusters: Clusters, seed: int) -> MeanEstimate:
    """Net worth of a question with ``a`` less that with ``b``, dollars, staleness included, fixed costs not."""
    if isinstance(b, Candidate):
        return advantage(a, b, scenario, clusters, on="net_value", seed=seed)
    least, most = worth_extremes(scenario, a.outcomes)
    offset = float(a.usd.mean()) + b
    extremes = (least - offset, most - offset) if most > least else None
    fresh = mean_estimate((a.net_worth(scenario) - b,), clusters, extremes, seed=seed)
    return lowered(fresh, a.stale_usd(scenario), extremes)


def lead(a: Candidate, b: Candidate, scenario: Scenario, per_question: MeanEstimate) -> Interval:
    """Net value of ``a`` over the horizon less that of ``b``, with the interval of ``per_question``, their ``gain``."""
    fixed = [one.spending.fixed_usd(scenario.horizon_months) for one in (a, b)]
    return per_question.scaled(volume(scenario), fixed[1] - fixed[0])
