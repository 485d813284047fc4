from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from eval.economics.break_even import advantage, basis, break_even
from eval.economics.candidate import Candidate
from eval.economics.cost_over_time import cost_by_questions
from eval.economics.spending import Spending
from eval.economics.worth import Outcomes
from eval.results import Interval, Scenario

SCENARIO = Scenario(
    questions_per_month=1000,
    horizon_months=10,
    correct_usd=1.0,
    wrong_usd=0.5,
    escalation_usd=0.8,
    status_quo="no_system",
    price_book="test",
    prices_dated="2026-01-01",
)
ALONE = np.arange(50)
RIGHT = Outcomes(np.ones(50), np.zeros(50))


def candidate(name: str, fixed: float, usd: object, outcomes: Outcomes = RIGHT) -> Candidate:
    dollars = np.broadcast_to(np.asarray(usd, dtype=float), (50,))
    return Candidate(name, Spending(fixed, 0.0, float(dollars.mean())), dollars, outcomes)


def noisy(mean: float, spread: float, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=50)
    return mean + spread * (noise - noise.mean())


def test_constant_costs_break_even_at_fixed_over_saving() -> None:
    # 100 USD once against 0.01 USD saved a question
    found = break_even(candidate("lora", 100, 0.01), candidate("rag", 0, 0.02), SCENARIO, ALONE, on="cost")
    assert (found.a, found.b, found.status, found.p_never) == ("lora", "rag", "at", 0.0)
    assert found.questions is not None
    assert found.questions.value == pytest.approx(10_000)
    assert found.questions.low == pytest.approx(10_000)
    assert found.questions.high == pytest.approx(10_000)


def test_hosting_and_repeats_over_the_horizon_are_fixed_costs() -> None:
    # 40 + 10 months * 3 + repeats after 4 and 8 months * 15 = 100
    a = Candidate("lora", Spending(40.0, 3.0, 0.01, ((4.0, 15.0),)), np.full(50, 0.01), RIGHT)
    found = break_even(a, candidate("rag", 0, 0.02), SCENARIO, ALONE, on="cost")
    assert found.questions is not None
    assert found.questions.value == pytest.approx(10_000)


def test_interval_is_the_image_of_the_saving() -> None:
    a, b = candidate("lora", 100, noisy(0.01, 0.005, 0)), candidate("rag", 0, noisy(0.02, 0.005, 1))
    gain = advantage(a, b, SCENARIO, ALONE, on="cost")
    found = break_even(a, b, SCENARIO, ALONE, on="cost")
    assert found.questions is not None
    assert (found.questions.low, found.questions.high) == (
        pytest.approx(100 / gain.high),
        pytest.approx(100 / gain.low),
    )
    assert found.p_never == gain.p_not_positive < 0.025


def test_dearer_in_both_never_breaks_even() -> None:
    found = break_even(candidate("lora", 100, 0.03), candidate("rag", 0, 0.02), SCENARIO, ALONE, on="cost")
    assert (found.a, found.status, found.questions, found.p_never) == ("lora", "always_b", None, 1.0)


def test_cheaper_in_both_is_always_cheaper() -> None:
    found = break_even(candidate("rag", 0, 0.02), candidate("lora", 100, 0.03), SCENARIO, ALONE, on="cost")
    assert (found.a, found.b, found.status, found.p_never) == ("rag", "lora", "always_a", 0.0)


def test_crossing_is_told_for_the_one_with_the_higher_fixed_cost() -> None:
    lora, rag = candidate("lora", 100, 0.01), candidate("rag", 0, 0.02)
    assert break_even(rag, lora, SCENARIO, ALONE, on="cost") == break_even(lora, rag, SCENARIO, ALONE, on="cost")


def test_saving_not_shown_leaves_the_set_open_to_the_right() -> None:
    a, b = candidate("lora", 100, noisy(0.019, 0.01, 0)), candidate("rag", 0, noisy(0.02, 0.01, 1))
    found = break_even(a, b, SCENARIO, ALONE, on="cost")
    assert found.status == "undecided"
    assert found.questions is not None
    assert found.questions.value == pytest.approx(100_000)
    assert 0 < found.questions.low < 100_000
    assert found.questions.high is None
    assert 0.025 < found.p_never < 0.5


def test_estimated_loss_that_is_not_shown_names_no_volume() -> None:
    a, b = candidate("lora", 100, noisy(0.021, 0.01, 0)), candidate("rag", 0, noisy(0.02, 0.01, 1))
    found = break_even(a, b, SCENARIO, ALONE, on="cost")
    assert (found.status, found.questions) == ("undecided", None)
    assert found.p_never > 0.5


def test_equal_fixed_costs_leave_always_or_undecided() -> None:
    cheap, dear = candidate("a", 10, noisy(0.01, 0.001, 0)), candidate("b", 10, noisy(0.02, 0.001, 1))
    assert break_even(cheap, dear, SCENARIO, ALONE, on="cost").status == "always_a"
    assert break_even(dear, cheap, SCENARIO, ALONE, on="cost").status == "always_b"
    assert (
        break_even(cheap, candidate("c", 10, noisy(0.01, 0.001, 0)), SCENARIO, ALONE, on="cost").status == "undecided"
    )


def test_net_value_counts_what_answers_are_worth() -> None:
    # a is right on 40 of 50, b on 20: 0.4 * (1 + 0.5) = 0.6 USD a question, less 0.1 USD of cost
    a = candidate("lora", 100, 0.2, Outcomes(np.arange(50) < 40, np.zeros(50)))
    b = candidate("rag", 0, 0.1, Outcomes(np.arange(50) < 20, np.zeros(50)))
    found = break_even(a, b, SCENARIO, ALONE, on="net_value")
    assert found.status == "at"
    assert found.questions is not None
    assert found.questions.value == pytest.approx(100 / 0.5)
    assert break_even(a, b, SCENARIO, ALONE, on="cost").status == "always_b"


def test_fifty_equal_answers_do_not_prove_equal_worth() -> None:
    # A cent saved on every question is certain; that no question in a thousand differs is not.
    a, b = candidate("lora", 100, 0.01), candidate("rag", 0, 0.02)
    assert break_even(a, b, SCENARIO, ALONE, on="net_value").status == "undecided"


def test_shared_training_cancels_the_luck_of_a_seed() -> None:
    generator = np.random.default_rng(0)
    correct = (generator.random((3, 50)) < np.array([[0.2], [0.5], [0.8]])).astype(float)
    outcomes = Outcomes(correct, np.zeros((3, 50)))
    pair = [
        Candidate(name, Spending(fixed, 0.0, 0.01), np.full(50, usd), outcomes, training)
        for name, fixed, usd, training in (("a", 9, 0.1, "run"), ("b", 0, 0.3, "run"), ("c", 0, 0.3, "other"))
    ]
    shared = advantage(pair[0], pair[1], SCENARIO, ALONE, on="net_value")
    apart = advantage(pair[0], pair[2], SCENARIO, ALONE, on="net_value")
    assert shared.mean == pytest.approx(apart.mean)
    assert shared.high - shared.low < (apart.high - apart.low) / 2


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [("equivalent", "cost"), ("a", "net_value"), ("b", "net_value"), ("undecided", "net_value")],
)
def test_cost_decides_only_where_answers_are_equivalent(verdict, expected) -> None:
    assert basis(verdict) == expected


MONEY = st.floats(0.001, 1.0)


@settings(max_examples=60, deadline=None)
@given(fixed=st.floats(1.0, 1000.0), usd_a=MONEY, usd_b=MONEY, spread=st.floats(0.0, 0.3), seed=st.integers(0, 99))
def test_cost_curves_cross_at_the_break_even(
    fixed: float, usd_a: float, usd_b: float, spread: float, seed: int
) -> None:
    assume(abs(usd_a - usd_b) > 1e-6)
    a, b = candidate("a", fixed, noisy(usd_a, spread * usd_a, seed)), candidate("b", 0, noisy(usd_b, spread * usd_b, 7))
    found = break_even(a, b, SCENARIO, ALONE, on="cost")
    if found.questions is None:
        assert usd_a >= usd_b
        assert a.spending.total_usd(10, 1e9) > b.spending.total_usd(10, 1e9)
        return
    at = found.questions.value
    assert a.spending.total_usd(10, at) == pytest.approx(b.spending.total_usd(10, at))
    assert a.spending.total_usd(10, 0.99 * at) > b.spending.total_usd(10, 0.99 * at)
    assert a.spending.total_usd(10, 1.01 * at) < b.spending.total_usd(10, 1.01 * at)
    assert found.questions.low <= at
    assert found.questions.high is None or at <= found.questions.high
    # The curves that the chart draws change order between the two points around the crossing.
    curve_a, curve_b = cost_by_questions([a, b], SCENARIO, ALONE)
    order = [one < other for one, other in zip(curve_a.usd, curve_b.usd, strict=True)]
    assert order == [point > at for point in curve_a.at] or at == pytest.approx(
        min(curve_a.at, key=lambda x: abs(x - at))
    )


@settings(max_examples=40, deadline=None)
@given(fixed=st.floats(-500.0, 500.0), gap=st.floats(-0.01, 0.01), seed=st.integers(0, 99))
def test_statuses_do_not_depend_on_the_order_of_the_pair(fixed: float, gap: float, seed: int) -> None:
    a = candidate("a", max(fixed, 0.0), noisy(0.02 - gap, 0.01, seed))
    b = candidate("b", max(-fixed, 0.0), noisy(0.02, 0.01, seed + 1))
    one, other = (break_even(*pair, SCENARIO, ALONE, on="cost") for pair in ((a, b), (b, a)))
    if one.status in ("at", "undecided"):
        assert other.status == one.status
    else:
        winner = {"always_a": "a", "always_b": "b"}
        assert {one.a, one.b} == {"a", "b"}
        assert getattr(one, winner[one.status]) == getattr(other, winner[other.status])


def test_staleness_moves_the_crossing_on_net_value_and_not_on_cost() -> None:
    some = Outcomes(np.arange(50) < 45, np.zeros(50))
    fewer = Outcomes(np.arange(50) < 25, np.zeros(50))
    a, b = candidate("lora", 100, 0.01, some), candidate("rag", 0, 0.02, fewer)
    stale = replace(a, stale=Interval(value=0.1, low=0.1, high=0.1))
    for on, lost in (("net_value", 0.1 * 1.5), ("cost", 0.0)):
        before, after = (advantage(one, b, SCENARIO, ALONE, on=on) for one in (a, stale))
        assert before.mean - after.mean == pytest.approx(lost)
        assert before.low - after.low == pytest.approx(lost)
    unsure = replace(a, stale=Interval(value=0.1, low=-0.4, high=0.6))
    assert break_even(stale, b, SCENARIO, ALONE, on="net_value").status == "at"
    assert break_even(unsure, b, SCENARIO, ALONE, on="net_value").status == "undecided"
