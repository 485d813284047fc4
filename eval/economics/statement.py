"""The statement: everything a run says about money under one scenario, as ``roi.json``."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from eval.economics.account import Books
from eval.economics.cost_over_time import CostCurve, cost_by_month
from eval.economics.decision_map import decision_map
from eval.economics.extrapolation import Extrapolation, Sizes, extrapolated
from eval.economics.lead import net_value, standing
from eval.economics.prices import PriceBook
from eval.economics.reckoning import Reckoning, reckon
from eval.economics.scenario_file import WhatIf
from eval.economics.sensitivity import sensitivity
from eval.economics.terms import Economics
from eval.finance import DecisionMap, Tornado
from eval.part import Interval, Part
from eval.results import Arm, BreakEven, Comparison, Cost, Recommendation, Roi, Scenario


class Line(Part):
    """One configuration. ``stale`` is the share of right answers lost to staleness, the mean over the horizon;
    ``extrapolated`` names the fields of ``cost`` that are no measurements."""

    id: str
    arm: Arm
    cost: Cost
    roi: Roi
    stale: Interval
    extrapolated: tuple[str, ...] = ()


class Statement(Part):
    """Costs, returns, break-even, sensitivity and the decision map under one scenario. Where ``extrapolations`` is not
    empty, everything that follows from the fields it names is extrapolated too: ``roi``, ``per_correct_usd``,
    ``cost_by_month``, ``break_even``, ``recommendation``, ``tornado`` and ``decision_map``."""

    schema_version: Literal[1] = 1
    run: str
    economics: WhatIf
    scenario: Scenario
    questions_per_second_at_peak: float
    configurations: tuple[Line, ...]
    cost_by_month: tuple[CostCurve, ...]
    break_even: tuple[BreakEven, ...]
    recommendation: Recommendation
    tornado: Tornado | None
    decision_map: DecisionMap
    extrapolations: tuple[Extrapolation, ...] = ()
    absent: dict[str, str] = Field({})

    def save(self, path: Path) -> None:
        """Write ``roi.json`` in one step."""
        part = path.with_suffix(".part")
        part.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")
        part.replace(path)


def make_statement(
    run: str,
    books: Books,
    scenario: WhatIf,
    prices: PriceBook,
    comparisons: Sequence[Comparison],
    sizes: Sizes,
    no_staleness: str = "",
) -> Statement:
    """Reckon everything. ``no_staleness`` says why it was not measured. Raises ``UserError`` for a scenario that cannot
    be reckoned with."""
    books, notes = extrapolated(books, scenario, sizes)
    found = reckon(books, scenario, prices, comparisons)
    tornado, drawn = decision(books, scenario, prices, found)
    absent = dict(found.absent)
    if len(drawn.churn_per_month) == 1 and no_staleness:
        absent["decision_map.churn_per_month"] = no_staleness
    return Statement(
        run=run,
        economics=scenario,
        scenario=found.scenario,
        questions_per_second_at_peak=scenario.at_peak,
        configurations=tuple(
            Line(
                id=account.id,
                arm=account.arm,
                cost=found.costs[account.id],
                roi=found.returns[account.id],
                stale=found.candidates[account.id].stale,
                extrapolated=tuple(
                    dict.fromkeys(field for note in notes if account.id in note.configurations for field in note.fields)
                ),
            )
            for account in books.accounts
        ),
        cost_by_month=cost_by_month(list(found.candidates.values()), found.scenario, books.clusters, seed=books.seed),
        break_even=found.break_even,
        recommendation=found.recommendation,
        tornado=tornado,
        decision_map=drawn,
        extrapolations=notes,
        absent=absent,
    )


def decision(
    books: Books, economics: Economics, prices: PriceBook, found: Reckoning
) -> tuple[Tornado | None, DecisionMap]:
    """The sensitivity of the recommendation and the decision map. The recommended one is held against the status quo,
    or, where it is that itself, against the runner-up in net value; without one there is no tornado."""
    chosen, against = found.recommendation.id, economics.status_quo
    if chosen == against:
        others = [account.id for account in books.contenders if account.id != chosen]
        if not others:
            return None, decision_map(books, economics, prices)
        net = {name: net_value(standing(books, economics, prices, name), found.scenario) for name in others}
        against = max(net, key=lambda name: net[name])
    return sensitivity(books, economics, prices, chosen, against), decision_map(books, economics, prices)
