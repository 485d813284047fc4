import numpy as np
import pytest

from eval.economics.break_even import advantage
from eval.economics.candidate import Candidate, horizon_cost
from eval.economics.cost_over_time import cost_by_month
from eval.economics.per_correct import cost_per_correct
from eval.economics.roi import roi, roi_with_reasons
from eval.economics.spending import Spending
from eval.economics.status_quo import resolve_status_quo
from eval.economics.worth import Outcomes, worth_extremes, worth_per_question
from eval.results import Interval
from pipelines.errors import UserError

ALONE = np.arange(100)


def right(count: int, silent: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """``count`` correct answers, then ``silent`` refusals, the rest of a hundred wrong."""
    return np.repeat([1.0, 0.0], [count, 100 - count]), np.repeat(
        [0.0, 1.0, 0.0], [count, silent, 100 - count - silent]
    )


def test_worth_of_right_wrong_and_handed_over(scenario) -> None:
    outcomes = Outcomes(np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0]))
    # 1; -0.5; 1 - 0.8
    assert worth_per_question(outcomes, scenario).tolist() == [pytest.approx([1.0, -0.5, 0.2])]


def test_dear_escalation_lowers_the_least_worth_only_where_one_abstains(scenario) -> None:
    dear = scenario.model_copy(update={"escalation_usd": 3.0})
    never, once = Outcomes(np.ones(2), np.zeros(2)), Outcomes(np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    assert worth_extremes(dear, never) == (-0.5, 1.0)
    assert worth_extremes(dear, never, once) == (-2.0, 1.0)


def test_outcomes_refuse_a_question_that_ended_twice() -> None:
    with pytest.raises(ValueError, match="both correct and abstained"):
        Outcomes(np.ones(2), np.ones(2))


def test_against_no_system_everything_is_by_hand(scenario, make_candidate) -> None:
    # 70 right, 20 handed over, 10 wrong: 0.7 + 0.2 * 0.2 - 0.1 * 0.5 = 0.69; without a system 1 - 0.8 = 0.2
    one = make_candidate("rag", 300.0, 0.01, *right(70, 20))
    found = roi(one, scenario, ALONE, {"rag": one})
    assert found.baseline == "no_system"
    assert found.benefit_usd.value == pytest.approx(10_000 * 0.49)
    assert found.cost_usd.value == pytest.approx(300 + 100)
    assert found.net_usd.value == pytest.approx(4900 - 400)
    assert found.ratio is not None
    assert found.ratio.value == pytest.approx(4500 / 400)
    # 300 / (1000 * (0.49 - 0.01)) months
    assert found.payback_months is not None
    assert found.payback_months.value == pytest.approx(300 / 480)
    for interval in (found.benefit_usd, found.net_usd, found.ratio, found.payback_months):
        assert interval.low < interval.value < interval.high


def test_payback_limits_are_those_of_the_net(scenario, make_candidate) -> None:
    one = make_candidate("rag", 300.0, 0.01, *right(70, 20))
    found = roi(one, scenario, ALONE, {})
    assert found.payback_months is not None
    monthly_low = (found.net_usd.low + 300) / 10
    assert found.payback_months.high == pytest.approx(300 / monthly_low)


def test_against_a_configuration_its_one_off_is_spent_and_its_running_cost_is_saved(scenario) -> None:
    quo = Candidate("rag", Spending(999.0, 5.0, 0.05), np.full(100, 0.05), Outcomes(*right(60)))
    new = Candidate("lora", Spending(200.0, 1.0, 0.01), np.full(100, 0.01), Outcomes(*right(70)))
    named = scenario.model_copy(update={"status_quo": "rag"})
    found = roi(new, named, ALONE, {"rag": quo, "lora": new})
    assert found.benefit_usd.value == pytest.approx(10_000 * 0.1 * 1.5)
    assert found.cost_usd.value == pytest.approx(200 + 10 * (1 - 5) + 10_000 * (0.01 - 0.05))
    assert found.ratio is None  # it costs less than what it replaces


def test_reasons_stand_beside_what_is_absent(scenario) -> None:
    quo = Candidate("rag", Spending(0.0, 0.0, 0.05), np.full(100, 0.05), Outcomes(*right(60)))
    new = Candidate("lora", Spending(200.0, 0.0, 0.01), np.full(100, 0.01), Outcomes(*right(50)))
    named = scenario.model_copy(update={"status_quo": "rag"})
    found, reasons = roi_with_reasons(new, named, ALONE, {"rag": quo, "lora": new})
    assert found.ratio is None
    assert reasons["ratio"] == "cost is not shown to be above zero: -200.00 USD (-200.00 to -200.00)"
    assert found.payback_months is None
    assert reasons["payback_months"].startswith("not paid back within 10 months")


def test_status_quo_against_itself_is_nothing(scenario, make_candidate) -> None:
    one = make_candidate("rag", 300.0, 0.01, *right(70))
    found, reasons = roi_with_reasons(one, scenario.model_copy(update={"status_quo": "rag"}), ALONE, {"rag": one})
    assert (found.net_usd.low, found.net_usd.high, found.ratio) == (0.0, 0.0, None)
    assert set(reasons.values()) == {"this configuration is the status quo"}


def test_declared_net_worth_may_be_the_status_quo(scenario, make_candidate) -> None:
    one = make_candidate("rag", 0.0, 0.01, *right(70))
    found = roi(one, scenario.model_copy(update={"status_quo": "0.25"}), ALONE, {"rag": one})
    assert found.benefit_usd.value == pytest.approx(10_000 * (0.7 - 0.15 - 0.25))


def test_unknown_status_quo_suggests_the_nearest(scenario, make_candidate) -> None:
    one = make_candidate("lora_rag", 0.0, 0.01, *right(70))
    with pytest.raises(UserError, match=r"unknown status quo 'lora_rga'; did you mean 'lora_rag'\?"):
        resolve_status_quo(scenario.model_copy(update={"status_quo": "lora_rga"}), {"lora_rag": one})


def test_no_volume_is_a_user_error(scenario, make_candidate) -> None:
    one = make_candidate("rag", 0.0, 0.01, *right(70))
    with pytest.raises(UserError, match="must both be above zero"):
        roi(one, scenario.model_copy(update={"questions_per_month": 0.0}), ALONE, {})


def test_cost_per_correct_spreads_the_fixed_cost_over_the_volume(scenario, make_candidate) -> None:
    # (0.01 + 300 / 10,000) / 0.8
    found, reason = cost_per_correct(make_candidate("rag", 300.0, 0.01, *right(80)), scenario, ALONE)
    assert found is not None
    assert found.value == pytest.approx(0.04 / 0.8)
    # Constant cost over a proportion with one right and one wrong pseudo-question: 0.04 / (81/102 -+ t * error)
    error = np.sqrt(102 / 101 * (81 * 21 / 102)) / 102
    assert found.low == pytest.approx(0.04 / (81 / 102 + 1.98373 * error), rel=1e-4)
    assert found.high == pytest.approx(0.04 / (81 / 102 - 1.98373 * error), rel=1e-4)
    assert reason == ""


def test_cost_per_correct_is_absent_where_hardly_anything_is_correct(scenario, make_candidate) -> None:
    found, reason = cost_per_correct(make_candidate("closed_book", 300.0, 0.01, *right(1)), scenario, ALONE)
    assert found is None
    assert reason == "1 of 100 answers are correct, too few to show that accuracy is above zero"


def test_one_cluster_leaves_ratios_absent_with_the_reason(scenario, make_candidate) -> None:
    one, together = make_candidate("rag", 300.0, 0.01, *right(70)), np.zeros(100, dtype=int)
    found, reasons = roi_with_reasons(one, scenario, together, {})
    assert found.ratio is None
    assert "connect all test questions" in reasons["ratio"]
    assert cost_per_correct(one, scenario, together) == (None, reasons["ratio"])


def test_staleness_of_the_status_quo_counts_for_the_new_system(scenario) -> None:
    quo = Candidate("rag", Spending(0.0, 0.0, 0.01), np.full(100, 0.01), Outcomes(*right(60)), stale=exactly(0.3))
    new = Candidate("lora", Spending(0.0, 0.0, 0.01), np.full(100, 0.01), Outcomes(*right(70)), stale=exactly(0.1))
    found = roi(new, scenario.model_copy(update={"status_quo": "rag"}), ALONE, {"rag": quo, "lora": new})
    assert found.benefit_usd.value == pytest.approx(10_000 * (0.1 + 0.3 - 0.1) * 1.5)


def exactly(value: float) -> Interval:
    return Interval(value=value, low=value, high=value)


def test_no_cost_lies_below_nothing(scenario, make_candidate) -> None:
    # One dear question in a hundred: Student's t alone reaches below zero.
    usd = np.where(np.arange(100) == 0, 50.0, 0.001)
    one = make_candidate("rag", 0.0, usd, *right(70))
    found = roi(one, scenario, ALONE, {})
    spread = 1.984 * usd.std(ddof=1) / 10
    assert usd.mean() - spread < 0
    assert (found.cost_usd.low, horizon_cost(one, scenario, ALONE).low) == (0.0, 0.0)
    assert cost_by_month([one], scenario, ALONE)[0].low == (0.0,) * 11
    per_correct, _ = cost_per_correct(one, scenario, ALONE)
    assert per_correct is not None
    assert per_correct.low == 0.0


def test_net_lies_within_what_all_questions_can_be_worth(scenario, make_candidate) -> None:
    # All right, and a staleness so poorly measured that answers might even gain by it.
    stale = Interval(value=0.1, low=-0.9, high=1.2)
    one = make_candidate("rag", 300.0, 0.01, *right(100), stale=stale)
    found = roi(one, scenario, ALONE, {})
    # At best every question is worth 1 - 0.2, at worst -0.5 - 0.2; each costs 0.01, and 300 are fixed.
    assert found.net_usd.high == pytest.approx(10_000 * (0.8 - 0.01) - 300)
    assert found.net_usd.low == pytest.approx(10_000 * (-0.7 - 0.01) - 300)
    assert found.benefit_usd.high == pytest.approx(8000)
    other = make_candidate("lora", 0.0, 0.0, *right(100))
    lead = advantage(one, other, scenario, ALONE, on="net_value")
    assert lead.low == pytest.approx(-1.5 - 0.01)
