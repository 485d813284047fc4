"""What the page says of sensitivity, the decision map and staleness."""

from string import ascii_uppercase
from typing import Any, Final

from eval.finance import Factor, MapCell, StaleAccuracy
from eval.part import Estimate, Interval
from eval.results import NEEDS_GOLD, Results

FACTORS: Final[dict[Factor, str]] = {
    "price": "All prices",
    "volume": "Questions a month",
    "cadence": "How often refreshed",
    "churn": "Facts that change",
    "accuracy": "Accuracy, its 95 % interval",
    "value": "Worth of a correct answer",
    "harm": "Harm of a wrong answer",
}


def letters(results: Results) -> dict[str, str]:
    """A letter for each configuration that wins a cell of the decision map, in the results' order."""
    if results.decision_map is None:
        return {}
    winners = {cell.best for row in results.decision_map.cells for cell in row}
    names = [one.id for one in results.configurations if one.id in winners]
    return {name: ascii_uppercase[place % 26] for place, name in enumerate(names)}


def cadence_words(cell: MapCell) -> str:
    """The cadence that is best for a cell's winner."""

    def every(months: float | None) -> str:
        return "never" if months is None else "every month" if months == 1 else f"every {months:g} months"

    return f"train again {every(cell.retrain_months)}, index again {every(cell.reindex_months)}"


def map_data(results: Results) -> dict[str, Any] | None:
    """The decision map for its drawing: rows from the lowest churn on, columns from the lowest volume on."""
    found = results.decision_map
    if found is None:
        return None
    names = letters(results)
    return {
        "volumes": found.questions_per_month,
        "churns": found.churn_per_month,
        "declared": [results.scenario.questions_per_month, results.scenario.churn_per_month],
        "letters": names,
        "cells": [
            [
                {"best": cell.best, "shown": cell.shown or cell.second is None, "gains": cell.over_status_quo_usd >= 0}
                for cell in row
            ]
            for row in found.cells
        ],
    }


def stale_rows(results: Results) -> list[dict[str, Any]]:
    """For each configuration asked again: the share right before, with a new index, and with nothing made again."""
    if results.staleness is None:
        return []
    return [
        {"id": name, **{stage: _triple(getattr(one, stage)) for stage in ("before", "refreshed", "untouched")}}
        for name, one in results.staleness.configurations.items()
    ]


def _triple(estimate: Estimate) -> list[float]:
    return [estimate.mean, estimate.low, estimate.high]


def modelled_losses(results: Results) -> dict[str, Interval]:
    """Share of answers lost to staleness, the mean over the horizon at the declared churn and cadence, by id; empty
    where no fact is declared to change. Extrapolated from the measured drop, and not itself measured."""
    if results.staleness is None or not results.scenario.churn_per_month:
        return {}
    return {name: _modelled(results, name, one) for name, one in results.staleness.configurations.items()}


def _modelled(results: Results, name: str, measured: StaleAccuracy) -> Interval:
    from eval.economics.staleness import stale_share
    from eval.economics.sum_interval import NOTHING

    scenario, one = results.scenario, results.configuration(name)
    if one.arm in NEEDS_GOLD:
        return NOTHING
    return stale_share(
        measured,
        scenario.churn_per_month,
        scenario.horizon_months,
        retrain_months=scenario.retrain_months if one.cost.train_usd > 0 else None,
        reindex_months=scenario.reindex_months if one.cost.index_usd > 0 else None,
    )
