"""What the page reckons money from: the declared scenario, and the measured means of everything that can win."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from eval.economics.status_quo import NO_SYSTEM
from eval.report.charts import triple
from eval.results import NEEDS_GOLD, ConfigurationResult, Results

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Control:
    """One number of the scenario that the reader may change, its unit in the label. The slider runs from ``low`` to
    ``high``, evenly or on a logarithmic scale; the field beside it takes anything from ``least`` on."""

    name: str
    label: str
    low: float
    high: float
    scale: Literal["linear", "log"] = "linear"
    least: float = 0.0


def controls(results: Results) -> list[Control]:
    """The controls in the order of the page; ``js/scenario.js`` knows them by name."""
    declared = results.scenario
    asked, months = declared.questions_per_month, declared.horizon_months

    def dollars(value: float) -> float:
        return max(1.0, 4 * value)

    return [
        Control("asked", "Questions a month", asked / 100, asked * 100, "log", 1e-6),
        Control("months", "Horizon, months", 1, max(60.0, months), least=0.1),
        Control("correct", "A correct answer is worth, $", 0, dollars(declared.correct_usd)),
        Control("wrong", "A wrong answer costs, $", 0, dollars(declared.wrong_usd)),
        Control("escalation", "A person answers for, $", 0, dollars(declared.escalation_usd)),
        Control("price", "All prices, times", 0.1, 10, "log", 1e-6),
        Control("churn", "Facts that change in a month, %", 0, 50),
    ]


def money_data(results: Results, per_question: pd.DataFrame) -> dict[str, Any]:
    """JSON-ready; ``absent`` says why there is nothing to reckon with. Costs stand with the configurations of
    ``chart_data``; here are the shares of right and refused answers, and of those that staleness takes."""
    absent = _absent(results, per_question)
    if absent:
        return {"absent": absent}
    scenario = results.scenario
    return {
        "absent": "",
        "declared": {
            "asked": scenario.questions_per_month,
            "months": scenario.horizon_months,
            "correct": scenario.correct_usd,
            "wrong": scenario.wrong_usd,
            "escalation": scenario.escalation_usd,
            "price": 1.0,
            "churn": scenario.churn_per_month,
            "retrain": scenario.retrain_months,
            "reindex": scenario.reindex_months,
        },
        "statusQuo": _status_quo(results),
        "stale": results.staleness is not None,
        "entrants": [_entrant(results, one, per_question) for one in _entering(results, per_question)],
    }


def _absent(results: Results, per_question: pd.DataFrame) -> str:
    scenario = results.scenario
    if scenario.questions_per_month <= 0 or scenario.horizon_months <= 0:
        return "the scenario asks no question"
    if "correct" not in per_question.columns:
        return "no answer was judged right or wrong"
    quo = _status_quo(results)
    if quo is False:
        return f"the status quo {scenario.status_quo} is neither {NO_SYSTEM}, a configuration nor dollars a question"
    if isinstance(quo, str) and quo not in set(per_question["configuration"]):
        return f"the answers of the status quo {quo} are not in the table"
    return "" if _entering(results, per_question) else "no configuration that can be put to use was asked"


def _status_quo(results: Results) -> str | float | Literal[False] | None:
    """The id of a configuration, dollars a question, ``None`` for no system, ``False`` for what is none of them."""
    name = results.scenario.status_quo
    if name == NO_SYSTEM:
        return None
    if name in {one.id for one in results.configurations}:
        return name
    try:
        return float(name)
    except ValueError:
        return False


def _entering(results: Results, per_question: pd.DataFrame) -> list[ConfigurationResult]:
    """The representatives of the arms that can be put to use, and the configuration that is the status quo."""
    asked = set(per_question["configuration"])
    return [
        one
        for one in results.configurations
        if one.id in asked
        and ((one.selected_on_dev and one.arm not in NEEDS_GOLD) or one.id == results.scenario.status_quo)
    ]


def _entrant(results: Results, one: ConfigurationResult, per_question: pd.DataFrame) -> dict[str, Any]:
    rows = per_question[per_question["configuration"] == one.id]
    correct = rows["correct"].fillna(0.0)
    refused = rows["abstained"].fillna(0.0) if "abstained" in rows.columns else 0.0 * correct
    known = results.staleness.configurations if results.staleness else {}
    arm = next((other.id for other in results.configurations if other.arm == one.arm and other.id in known), "")
    stale = known.get(arm) if one.arm not in NEEDS_GOLD else None
    return {
        "id": one.id,
        "correct": float(correct.mean()),
        "refused": float((refused * (1 - correct)).mean()),
        "lostByWeights": stale.lost_by_weights.value if stale else 0.0,
        "lostByIndex": stale.lost_by_index.value if stale else 0.0,
        "net": triple(one.roi.net_usd) if one.roi else None,
        "perCorrect": triple(one.cost.per_correct_usd),
        "perCorrectAbsent": results.absent.get(f"configurations.{one.id}.per_correct_usd", ""),
    }
