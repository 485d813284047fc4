import numpy as np
import pytest
from scipy.stats import t

from eval.economics.fieller import ratio_interval
from eval.economics.mean_interval import MeanEstimate, mean_estimate, studentised, summed

ALONE = np.arange(40)


def test_constant_values_have_no_interval_to_speak_of() -> None:
    found = mean_estimate((np.full(40, 0.1),), ALONE)
    assert found.mean == pytest.approx(0.1)
    assert found.low == found.mean == found.high
    assert found.p_not_positive == 0.0


def test_limits_are_at_least_as_wide_as_students_t() -> None:
    values = np.random.default_rng(0).normal(1.0, 1.0, 40)
    found = mean_estimate((values,), ALONE)
    half = t.isf(0.025, 39) * values.std(ddof=1) / np.sqrt(40)
    assert found.low <= values.mean() - half + 1e-12
    assert found.high >= values.mean() + half - 1e-12


def test_skewed_values_reach_further_up_than_down() -> None:
    values = np.random.default_rng(0).lognormal(0.0, 1.0, 40)
    found = mean_estimate((values,), ALONE)
    assert found.high - found.mean > found.mean - found.low


def test_pseudo_questions_open_the_interval_where_every_question_agrees() -> None:
    found = mean_estimate((np.zeros(40),), ALONE, (-1.0, 1.0))
    # 42 values, one 1 and one -1: error sqrt(42 / 41 * 2) / 42, and bootstrap-t is narrower here
    half = t.isf(0.025, 41) * np.sqrt(42 / 41 * 2) / 42
    assert found.mean == 0.0
    assert found.high >= half - 1e-12
    assert found.p_not_positive >= 0.5


def test_jitter_of_costs_blows_no_interval_up_and_no_limit_leaves_the_range() -> None:
    alike = 1.0 - 1e-7 * np.random.default_rng(2).random(40)  # all answers right, costs of a ten-millionth
    found = mean_estimate((alike,), ALONE, (-0.5, 1.0))
    exactly = mean_estimate((np.ones(40),), ALONE, (-0.5, 1.0))
    assert found.low == pytest.approx(exactly.low, abs=1e-5)
    assert found.low > 0.8
    assert found.high <= 1.0


def test_p_value_agrees_with_the_lower_limit() -> None:
    generator = np.random.default_rng(3)
    for shift in np.linspace(0.0, 0.6, 13):
        found = mean_estimate((generator.normal(shift, 1.0, 40),), ALONE)
        if abs(found.p_not_positive - 0.025) > 0.002:
            assert (found.p_not_positive < 0.025) == (found.low > 0)


def test_p_value_agrees_with_the_limits_over_seeds_too() -> None:
    generator = np.random.default_rng(4)
    for shift in np.linspace(-0.9, 0.9, 13):
        luck = np.array([[-0.2], [0.0], [0.3]])
        found = mean_estimate((generator.normal(shift, 1.0, (3, 40)) + luck,), ALONE)
        if abs(found.p_not_positive - 0.025) > 0.002:
            assert (found.p_not_positive < 0.025) == (found.low > 0)
        if abs(found.p_not_positive - 0.975) > 0.002:
            assert (found.p_not_positive > 0.975) == (found.high < 0)


def test_clusters_of_equal_questions_count_once() -> None:
    values = np.random.default_rng(0).normal(size=20)
    once = mean_estimate((values,), np.arange(20))
    fourfold = mean_estimate((np.repeat(values, 4),), np.repeat(np.arange(20), 4))
    assert (fourfold.low, fourfold.high) == (pytest.approx(once.low), pytest.approx(once.high))


def test_paired_difference_cancels_what_both_share() -> None:
    values = np.random.default_rng(0).normal(size=40)
    found = mean_estimate((values + 0.5, values), ALONE)
    assert found.low == pytest.approx(0.5)
    assert found.high == pytest.approx(0.5)


def test_training_seeds_that_differ_widen_the_interval() -> None:
    values = np.random.default_rng(0).normal(size=40)
    same = mean_estimate((np.stack([values, values, values]),), ALONE)
    apart = mean_estimate((np.stack([values - 0.3, values, values + 0.3]),), ALONE)
    assert apart.mean == pytest.approx(same.mean)
    assert apart.high - apart.low > same.high - same.low


def test_scaling_by_a_negative_factor_turns_the_limits_round() -> None:
    found = mean_estimate((np.random.default_rng(0).normal(1.0, 1.0, 40),), ALONE)
    turned = found.scaled(-2.0, 1.0)
    assert turned.low == pytest.approx(1 - 2 * found.high)
    assert turned.high == pytest.approx(1 - 2 * found.low)


def test_same_arguments_give_the_same_interval() -> None:
    values = np.random.default_rng(0).lognormal(size=40)
    assert mean_estimate((values,), ALONE, seed=5) == mean_estimate((values,), ALONE, seed=5)


def test_single_cluster_has_the_range_of_the_values_for_limits() -> None:
    values, one = np.array([[1.0, 2.0, 6.0]]), np.zeros(3, dtype=int)
    assert mean_estimate((values,), one) == MeanEstimate(3.0, 1.0, 6.0, 0.0)
    assert mean_estimate((values, values + 1.0), one, (-4.0, 4.0)) == MeanEstimate(-1.0, -4.0, 4.0, 1.0)
    assert ratio_interval((values,), (values,), one) is None


def test_studentised_draws_match_a_direct_computation() -> None:
    values = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    data = summed((values,), np.arange(5))
    draws = studentised(data, 50, 0)
    weights = np.random.default_rng(0).multinomial(5, np.full(5, 0.2), size=50)
    direct = []
    for row in weights:
        sample = np.repeat(values, row)
        if sample.std() > 0:
            direct.append((sample.mean() - values.mean()) / (sample.std(ddof=1) / np.sqrt(5)))
    assert draws == pytest.approx(np.array(direct))


def test_ratio_interval_is_fiellers_closed_form() -> None:
    generator = np.random.default_rng(0)
    top, bottom = generator.normal(2.0, 1.0, 40), generator.normal(3.0, 1.0, 40)
    found = ratio_interval((top,), (bottom,), ALONE)
    assert found is not None
    covariance = np.cov(top, bottom) / 40
    square = t.isf(0.025, 39) ** 2
    a = bottom.mean() ** 2 - square * covariance[1, 1]
    b = top.mean() * bottom.mean() - square * covariance[0, 1]
    c = top.mean() ** 2 - square * covariance[0, 0]
    root = np.sqrt(b * b - a * c)
    assert (found.low, found.high) == (pytest.approx((b - root) / a), pytest.approx((b + root) / a))
    assert found.value == pytest.approx(top.mean() / bottom.mean())


def test_ratio_over_something_not_shown_positive_is_absent() -> None:
    noise = np.random.default_rng(0).normal(0.05, 1.0, 40)
    assert ratio_interval((np.ones(40),), (noise,), ALONE) is None


def test_ratio_of_constants_is_exact() -> None:
    found = ratio_interval((np.full(40, 3.0),), (np.full(40, 2.0),), ALONE)
    assert found is not None
    assert (found.low, found.value, found.high) == (1.5, 1.5, 1.5)
