"""What the charts are given."""

import pandas as pd
import pytest

from eval.report.charts import all_in_per_1k, chart_data
from eval.results import Results


def test_all_in_cost_spreads_what_is_paid_once_over_the_horizon(experiment: tuple[Results, pd.DataFrame]) -> None:
    results, _ = experiment
    tuned = results.configuration("lora-r16")
    # 3.41 dollars over 24 x 10,000 questions are 0.01421 per thousand, beside 0.019 for the answers.
    cost = all_in_per_1k(tuned, results.scenario)
    assert cost is not None
    assert cost.value == pytest.approx(0.019 + 3.41 / 240)
    assert cost.high - cost.low == pytest.approx(0.019 * 0.12)


def test_hosting_counts_every_month(experiment: tuple[Results, pd.DataFrame]) -> None:
    results, _ = experiment
    base = results.configuration("closed_book")
    hosted = base.model_copy(update={"cost": base.cost.model_copy(update={"hosting_usd_month": 100.0})})
    # 24 x 100 dollars over 240 thousand questions are ten dollars a thousand.
    cost = all_in_per_1k(hosted, results.scenario)
    assert cost is not None
    assert cost.value == pytest.approx(10 + 0.021)


def test_no_questions_means_no_cost_per_question(experiment: tuple[Results, pd.DataFrame]) -> None:
    results, _ = experiment
    idle = results.scenario.model_copy(update={"questions_per_month": 0.0})
    assert all_in_per_1k(results.configurations[0], idle) is None


def test_what_was_not_measured_is_null(experiment: tuple[Results, pd.DataFrame]) -> None:
    results, _ = experiment
    untimed = tuple(c.model_copy(update={"latency": None}) for c in results.configurations)
    data = chart_data(results.model_copy(update={"configurations": untimed}))
    assert {c["latency"] for c in data["configurations"]} == {None}


def test_gold_arms_are_references(experiment: tuple[Results, pd.DataFrame]) -> None:
    data = chart_data(experiment[0])
    assert [c["id"] for c in data["configurations"] if c["reference"]] == ["gold_context", "lora-r16+gold_context"]


def test_repeated_work_is_part_of_the_all_in_cost(experiment: tuple[Results, pd.DataFrame]) -> None:
    results, _ = experiment
    both = results.configuration("lora-r16+rag-hybrid-k3")
    often = results.scenario.model_copy(update={"retrain_months": 6.0, "reindex_months": 12.0})
    # Trained at 0, 6, 12 and 18 of 24 months, indexed at 0 and 12; the end of the horizon asks for nothing more.
    cost = all_in_per_1k(both, often)
    assert cost is not None
    assert cost.value == pytest.approx(0.205 + (4 * 3.62 + 2 * 0.021) / 240)


def test_dedicated_machines_stand_apart_from_the_rest_of_the_hosting(experiment: tuple[Results, pd.DataFrame]) -> None:
    results, _ = experiment
    hosted = {"hosting_usd_month": 320.0, "machines_at_peak": 3, "load_at_peak": 2.4, "machine_usd_month": 100.0}
    one = results.configurations[0]
    one = one.model_copy(update={"cost": one.cost.model_copy(update=hosted)})
    (drawn,) = chart_data(results.model_copy(update={"configurations": (one,)}))["configurations"]
    assert (drawn["hosting"], drawn["machine"], drawn["load"]) == (pytest.approx(20.0), 100.0, 2.4)
