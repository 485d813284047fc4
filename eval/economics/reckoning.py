"""A run's whole reckoning under declared terms: what ``assay run`` reports and ``assay roi`` repeats."""

from collections.abc import Sequence
from dataclasses import dataclass

from eval.economics.account import Books, candidate_of, priced
from eval.economics.break_even import basis, break_even
from eval.economics.candidate import Candidate, horizon_cost
from eval.economics.per_correct import cost_per_correct
from eval.economics.prices import PriceBook
from eval.economics.roi import roi_with_reasons
from eval.economics.terms import Economics, scenario_of
from eval.pareto import pareto_front
from eval.recommendation import Option, best_on_dev, eligible, recommend, shortfalls
from eval.results import NEEDS_GOLD, BreakEven, Comparison, Cost, Recommendation, Roi, Scenario
from eval.statistics.seeds import fan_out


@dataclass(frozen=True, eq=False)
class Reckoning:
    """Costs and returns by configuration id; ``absent`` says by ``ID.field`` why a figure is not there."""

    scenario: Scenario
    candidates: dict[str, Candidate]
    costs: dict[str, Cost]
    returns: dict[str, Roi]
    break_even: tuple[BreakEven, ...]
    pareto: tuple[str, ...]
    recommendation: Recommendation
    absent: dict[str, str]


def reckon(books: Books, economics: Economics, prices: PriceBook, comparisons: Sequence[Comparison]) -> Reckoning:
    """Price every account and judge what it is worth. ``comparisons`` say between which two the break-even volume is
    asked, and whether on cost or on net value. Raises ``UserError`` for terms that cannot be reckoned with."""
    scenario, clusters, seed = scenario_of(economics, prices), books.clusters, books.seed
    candidates: dict[str, Candidate] = {}
    costs: dict[str, Cost] = {}
    absent: dict[str, str] = {}
    for account in books.accounts:
        cost, usd = priced(account, economics, prices, clusters)
        candidate = candidate_of(account, cost, usd, economics)
        per_correct, reason = cost_per_correct(candidate, scenario, clusters)
        candidates[account.id] = candidate
        costs[account.id] = cost.model_copy(update={"per_correct_usd": per_correct})
        if reason:
            absent[f"{account.id}.per_correct_usd"] = reason
    returns = {}
    for name, candidate in candidates.items():
        returns[name], reasons = roi_with_reasons(candidate, scenario, clusters, candidates, seed=seed)
        absent |= {f"{name}.{field}": reason for field, reason in reasons.items()}
    usable = {account.id: account for account in books.accounts if account.arm not in NEEDS_GOLD}
    points = {
        name: (float(account.primary.mean()), horizon_cost(candidates[name], scenario, clusters, seed=seed).value)
        for name, account in usable.items()
    }
    return Reckoning(
        scenario=scenario,
        candidates=candidates,
        costs=costs,
        returns=returns,
        break_even=tuple(
            break_even(candidates[c.a], candidates[c.b], scenario, clusters, on=basis(c.verdict), seed=seed)
            for c in comparisons
            if c.a in usable and c.b in usable
        ),
        pareto=pareto_front(points),
        recommendation=_recommend(books, candidates, scenario),
        absent=absent,
    )


def _recommend(books: Books, candidates: dict[str, Candidate], scenario: Scenario) -> Recommendation:
    options = [
        Option(
            id=account.id,
            arm=account.arm,
            selected_on_dev=account.selected_on_dev,
            dev=account.dev,
            test=float(account.primary.mean()),
            usd=horizon_cost(candidates[account.id], scenario, books.clusters, seed=books.seed),
        )
        for account in books.accounts
    ]
    values = {option.id: books.account(option.id).primary for option in eligible(options)}
    behind = shortfalls(values, best_on_dev(options).id, books.clusters, seed=fan_out(books.seed, "shortfalls"))
    return recommend(options, behind, metric=books.metric, margin=books.margin, scenario=scenario)
