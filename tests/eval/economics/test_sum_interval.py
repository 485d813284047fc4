import numpy as np
import pytest

from eval.economics.mean_interval import MeanEstimate, mean_estimate
from eval.economics.sum_interval import NOTHING, added, lowered, scaled
from eval.results import Interval


def test_reaches_add_up_as_squares() -> None:
    found = added(Interval(value=1.0, low=-2.0, high=2.0), Interval(value=2.0, low=-2.0, high=2.0))
    assert (found.value, found.low, found.high) == (3.0, -2.0, 4.0)


def test_negative_factor_turns_the_limits_round() -> None:
    found = scaled(Interval(value=1.0, low=0.0, high=3.0), -2.0)
    assert (found.value, found.low, found.high) == (-2.0, -6.0, 0.0)


def test_no_loss_leaves_the_estimate_as_it_is() -> None:
    estimate = MeanEstimate(0.1, -0.3, 0.4, 0.2)
    assert lowered(estimate, NOTHING) is estimate


def test_p_meets_half_the_level_where_the_interval_meets_zero() -> None:
    touching = lowered(MeanEstimate(0.5, 0.2, 0.9, 0.001), Interval(value=0.2, low=0.2, high=0.2))
    assert touching.low == pytest.approx(0.0)
    assert touching.p_not_positive == pytest.approx(0.025)
    below = lowered(MeanEstimate(0.5, 0.2, 0.9, 0.001), Interval(value=0.9, low=0.9, high=0.9))
    assert below.high == pytest.approx(0.0)
    assert below.p_not_positive == pytest.approx(0.975)


def test_sum_of_two_means_is_covered() -> None:
    random, held = np.random.default_rng(5), 0
    for _ in range(300):
        first, second = random.normal(1.0, 1.0, 40), random.normal(0.4, 0.5, 25)
        one = mean_estimate((first,), np.arange(40), draws=200)
        other = mean_estimate((second,), np.arange(25), draws=200)
        found = lowered(one, Interval(value=other.mean, low=other.low, high=other.high))
        held += found.low <= 0.6 <= found.high
    assert held / 300 >= 0.93
