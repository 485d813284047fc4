"""The decision map: which configuration wins at which volume and how fast facts change."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

from eval.economics.account import Account, Books, candidate_of, priced
from eval.economics.break_even import gain_extremes
from eval.economics.candidate import Candidate, more_stale
from eval.economics.lead import gain, lead, net_value, without_sunk
from eval.economics.mean_interval import Array, MeanEstimate
from eval.economics.prices import PriceBook
from eval.economics.status_quo import resolve_status_quo
from eval.economics.sum_interval import NOTHING, lowered
from eval.economics.terms import Economics, scenario_of
from eval.finance import DecisionMap, MapCell
from eval.results import Cost, Scenario

CHURNS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2)
"""Shares of facts that change in a month."""
CADENCES = (None, 12.0, 6.0, 3.0, 1.0)
"""Months between retrainings, and between re-indexings, that are tried; ``None`` is never."""


@dataclass(frozen=True, eq=False)
class _Entrant:
    """One that may win, with the cadence that is best for it."""

    id: str
    one: Candidate
    net: float
    retrain_months: float | None = None
    reindex_months: float | None = None


def decision_map(
    books: Books,
    economics: Economics,
    prices: PriceBook,
    *,
    volumes: Sequence[float] | None = None,
    churns: Sequence[float] | None = None,
) -> DecisionMap:
    """The winner of every cell by net value over the horizon, each entrant with its best cadence out of ``CADENCES``.

    Entrants are the representatives of the arms that can be put to use, and the status quo where it is a configuration;
    every cell says what the winner gains over the status quo. ``volumes`` (questions a month) default to nine from a
    hundredth to a hundred times the declared one, evenly on a log scale; ``churns`` to ``CHURNS``, or to 0 alone where
    staleness was not measured.
    """
    entering = _entering(books, economics)
    if volumes is None:
        volumes = [economics.questions_per_month * 10 ** (power / 2) for power in range(-4, 5)]
    if churns is None:
        churns = CHURNS if all(account.stale for account in entering) else (0.0,)
    fresh: dict[tuple[str, str], MeanEstimate] = {}
    rows: list[list[MapCell]] = [[] for _ in churns]
    for questions in volumes:
        terms = economics.at_volume(questions)
        costs = {one.id: priced(one, terms, prices, books.clusters, draws=1) for one in entering}
        for row, churn in zip(rows, churns, strict=True):
            here = terms.model_copy(update={"churn_per_month": churn})
            row.append(_cell(books, entering, here, scenario_of(here, prices), costs, fresh))
    return DecisionMap(
        questions_per_month=tuple(volumes),
        churn_per_month=tuple(churns),
        cadences=CADENCES,
        cells=tuple(map(tuple, rows)),
    )


def _entering(books: Books, economics: Economics) -> list[Account]:
    """The contenders, and the configuration that is the status quo where it is none of them."""
    known = [account.id for account in books.contenders]
    return [one for one in books.accounts if one.id in known or one.id == economics.status_quo]


def _cell(
    books: Books,
    entering: Sequence[Account],
    economics: Economics,
    scenario: Scenario,
    costs: dict[str, tuple[Cost, Array]],
    fresh: dict[tuple[str, str], MeanEstimate],
) -> MapCell:
    entrants = [_best(account, *costs[account.id], economics, scenario) for account in entering]
    quo = next((one.net for one in entrants if one.id == economics.status_quo), None)
    if quo is None:
        quo = net_value(resolve_status_quo(scenario, {}), scenario)
    ranked = sorted(entrants, key=lambda entrant: -entrant.net)
    first = ranked[0]
    cell = MapCell(
        questions_per_month=scenario.questions_per_month,
        churn_per_month=economics.churn_per_month,
        best=first.id,
        retrain_months=first.retrain_months,
        reindex_months=first.reindex_months,
        net_usd=first.net,
        over_status_quo_usd=first.net - quo,
    )
    if len(ranked) == 1:
        return cell
    second = ranked[1]
    if (first.id, second.id) not in fresh:  # what a question gains fresh is the same in every cell
        sides = [replace(entrant.one, stale=NOTHING) for entrant in (first, second)]
        fresh[first.id, second.id] = gain(sides[0], sides[1], scenario, books.clusters, books.seed)
    ahead = lead(
        first.one,
        second.one,
        scenario,
        lowered(
            fresh[first.id, second.id],
            more_stale(first.one, second.one, scenario),
            gain_extremes(first.one, second.one, scenario),
        ),
    )
    return cell.model_copy(update={"second": second.id, "lead_usd": ahead, "shown": ahead.low > 0})


def _best(account: Account, cost: Cost, usd: Array, economics: Economics, scenario: Scenario) -> _Entrant:
    """The account with the cadences under which it is worth most; the rarer ones where two are worth the same."""
    entrants = []
    for retrain, reindex in product(CADENCES if cost.train_usd else (None,), CADENCES if cost.index_usd else (None,)):
        terms = economics.model_copy(update={"retrain_months": retrain, "reindex_months": reindex})
        one = without_sunk(candidate_of(account, cost, usd, terms), economics)
        entrants.append(_Entrant(account.id, one, net_value(one, scenario), retrain, reindex))
    return max(entrants, key=lambda entrant: entrant.net)
