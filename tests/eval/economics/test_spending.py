import numpy as np
import pytest

from eval.economics.cost_over_time import cost_by_month, cost_by_questions
from eval.economics.spending import Cadence, Spending, spending
from eval.results import Cost, Interval

COST = Cost(
    index_usd=10.0,
    train_usd=40.0,
    per_1k_questions_usd=Interval(value=5.0, low=4.0, high=6.0),
    hosting_usd_month=2.0,
)


def test_spending_of_a_cost_sums_what_is_paid_once() -> None:
    found = spending(COST)
    assert (found.one_off_usd, found.hosting_usd_month, found.per_question_usd) == (50.0, 2.0, 0.005)
    assert found.repeats == ()


def test_cadence_repeats_a_share_of_training_and_index() -> None:
    found = spending(COST, Cadence(retrain_months=3, retrain_share=0.5, reindex_months=1))
    assert found.repeats == ((3.0, 20.0), (1.0, 10.0))


def test_what_was_free_repeats_for_nothing() -> None:
    free = COST.model_copy(update={"train_usd": 0.0})
    assert spending(free, Cadence(retrain_months=3)).repeats == ()


@pytest.mark.parametrize(("months", "times"), [(0, 0), (3, 0), (3.5, 1), (6, 1), (12, 3), (12.1, 4)])
def test_work_due_on_the_last_day_is_left_out(months: float, times: int) -> None:
    assert Spending(0.0, 0.0, 0.0, ((3.0, 7.0),)).repeats_usd(months) == 7.0 * times


def test_total_is_fixed_plus_volume() -> None:
    found = spending(COST, Cadence(retrain_months=6))
    assert found.total_usd(12, 1000) == pytest.approx(50 + 24 + 40 + 5)


def test_curve_by_month_steps_up_after_a_retraining(scenario, make_candidate) -> None:
    one = make_candidate("lora", 40.0, 0.001, np.ones(5))
    object.__setattr__(one, "spending", Spending(40.0, 2.0, 0.001, ((4.0, 30.0),)))
    (curve,) = cost_by_month([one], scenario, np.arange(5))
    assert curve.at == tuple(float(month) for month in range(11))
    # 40 once, 2 a month, 1000 questions a month at 0.001; 30 more after months 4 and 8
    assert curve.usd[0] == 40.0
    assert curve.usd[4] == pytest.approx(40 + 4 * 3)
    assert curve.usd[5] == pytest.approx(40 + 5 * 3 + 30)
    assert curve.usd[10] == pytest.approx(40 + 10 * 3 + 60)
    assert curve.usd[10] == pytest.approx(one.spending.total_usd(10, 10_000))


def test_curve_ends_at_a_horizon_that_is_no_whole_month(scenario, make_candidate) -> None:
    short = scenario.model_copy(update={"horizon_months": 2.5})
    (curve,) = cost_by_month([make_candidate("rag", 1.0, 0.01, np.ones(4))], short, np.arange(4))
    assert curve.at == (0.0, 1.0, 2.0, 2.5)


def test_curve_by_questions_has_its_interval_from_the_questions(scenario, make_candidate) -> None:
    one = make_candidate("rag", 1.0, [0.01, 0.02, 0.03, 0.02], np.ones(4))
    (curve,) = cost_by_questions([one], scenario, np.arange(4), points=3)
    assert curve.at == (0.0, 10_000.0, 20_000.0)
    assert curve.usd == pytest.approx((1.0, 201.0, 401.0))
    assert curve.low[0] == curve.high[0] == 1.0
    assert curve.low[1] < 201.0 < curve.high[1]
