"""What the templates show: the parts of ``Results`` in the order and words of the page."""

from datetime import datetime
from typing import Any

from eval.numbers import count, money, percent, volume
from eval.report.charts import all_in_per_1k
from eval.report.finance import FACTORS, cadence_words, letters, modelled_losses
from eval.report.losses import undiagnosed, unfolded, waterfalls
from eval.report.method import how_measured
from eval.report.money import controls
from eval.report.wording import (
    ARM_NAMES,
    CONTEXTS,
    GRID,
    METRIC_MEANINGS,
    REFERENCE_ARMS,
    break_even_sentence,
    failures,
    status_quo_name,
    track_verdicts,
    verdicts,
)
from eval.results import FactChange, GridAnswer, Results

NOT_MEASURED = "this run did not measure it"


def page_context(results: Results) -> dict[str, Any]:
    """The variables of ``report.html.j2``."""
    # Imported here: the report is the only user, and a light path never renders.
    from eval.economics.paragraph import finance_paragraph

    return {
        "results": results,
        "failures": failures(results),
        "date": written_date(results.created),
        "asked": results.dataset.questions.get("test", 0),
        "arm_names": ARM_NAMES,
        "meaning": METRIC_MEANINGS.get(results.primary_metric, ""),
        "grid": GRID,
        "contexts": CONTEXTS,
        "reference_arms": REFERENCE_ARMS,
        "arms_run": len({c.arm for c in results.configurations}),
        "representatives": {arm: results.representative(arm) for arm in ARM_NAMES},
        "showcase": {a.arm: a for a in results.showcase.answers} if results.showcase else {},
        "fact_rows": fact_rows(results.fact_change) if results.fact_change else [],
        "absent": lambda name: results.absent.get(name, NOT_MEASURED),
        "why": lambda name: results.absent.get(name, ""),
        "verdicts": verdicts(results),
        "track_verdicts": track_verdicts(results),
        "recommended": next((c for c in results.configurations if c.id == results.recommendation.id), None),
        "all_in": {c.id: all_in_per_1k(c, results.scenario) for c in results.configurations},
        "break_even": [break_even_sentence(item) for item in results.break_even],
        "sure": [(c, c.confidence) for c in results.configurations if c.confidence is not None],
        "waterfalls": waterfalls(results),
        "undiagnosed": undiagnosed(results),
        "unfolded": unfolded(results),
        "small_sample": small_sample_sentence(results),
        "finance": finance_paragraph(results),
        "scenario": scenario_sentence(results),
        "controls": controls(results),
        "factors": FACTORS,
        "letters": letters(results),
        "cadence_words": cadence_words,
        "modelled": modelled_losses(results),
        "how_measured": how_measured(results),
    }


def written_date(moment: datetime) -> str:
    """A date as it is written in English prose: 9 November 2026."""
    return f"{moment.day} {moment:%B %Y}"


def fact_rows(change: FactChange) -> list[tuple[str, GridAnswer | None, GridAnswer, bool]]:
    """For each arm: its name, the answer before, the answer after, and whether it repeats yesterday's answer."""
    before = {answer.arm: answer for answer in change.answers_before}
    rows = []
    for after in sorted(change.answers_after, key=lambda answer: list(ARM_NAMES).index(answer.arm)):
        earlier = before.get(after.arm)
        repeats = earlier is not None and not after.correct and after.answer.strip() == earlier.answer.strip()
        rows.append((ARM_NAMES[after.arm], earlier, after, repeats))
    return rows


def small_sample_sentence(results: Results) -> str:
    """How far a small sample would have misled."""
    sample = results.small_sample
    if sample is None:
        return ""
    return (
        f"With {count(sample.questions)} questions another configuration would have won in "
        f"{percent(sample.another)} of draws"
    )


def scenario_sentence(results: Results) -> str:
    """The declared volume and worth behind every dollar."""
    scenario = results.scenario
    quo = status_quo_name(scenario.status_quo)
    return (
        f"{volume(scenario.questions_per_month)} questions a month for {scenario.horizon_months:g} months; "
        f"a right answer is worth {money(scenario.correct_usd)}, a wrong one costs {money(scenario.wrong_usd)}, an "
        f"escalation {money(scenario.escalation_usd)}; {_changes(results)}status quo: {quo}; "
        f"price book {scenario.price_book}, prices of {scenario.prices_dated}."
    )


def _changes(results: Results) -> str:
    """How fast facts change and how often that is caught up with; empty where nothing is declared of it."""
    scenario = results.scenario
    parts = []
    if scenario.churn_per_month:
        parts.append(f"{percent(scenario.churn_per_month)} of the facts change in a month")
    if scenario.retrain_months is not None:
        parts.append(f"trained again every {scenario.retrain_months:g} months")
    if scenario.reindex_months is not None:
        parts.append(f"indexed again every {scenario.reindex_months:g} months")
    return "; ".join([*parts, ""]) if parts else ""
