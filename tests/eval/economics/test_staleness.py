from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.economics.staleness import mean_share_stale, share_stale, stale_share
from eval.finance import StaleAccuracy
from eval.results import Estimate, Interval

POINT = Estimate(mean=0.5, low=0.4, high=0.6, n=10, method="given")


def dropping(by_weights: Interval, by_index: Interval) -> StaleAccuracy:
    return StaleAccuracy(
        before=POINT, refreshed=POINT, untouched=POINT, lost_by_weights=by_weights, lost_by_index=by_index
    )


def exactly(value: float) -> Interval:
    return Interval(value=value, low=value, high=value)


def test_share_grows_by_what_is_left() -> None:
    assert [share_stale(months, 0.1) for months in (0, 1, 2)] == pytest.approx([0, 0.1, 0.19])
    assert share_stale(0.0, 1.0) == 0.0
    assert share_stale(0.5, 1.0) == 1.0


def test_mean_is_the_integral_over_each_cycle() -> None:
    # Half of the facts change in a month; over two months the mean is 1 - (1 - 1/4) / (2 ln 2).
    two = 1 - 0.75 / (2 * log(2))
    one = 1 - 0.5 / log(2)
    assert mean_share_stale(0.5, None, 2.0) == pytest.approx(two)
    assert mean_share_stale(0.5, 2.0, 4.0) == pytest.approx(two)
    assert mean_share_stale(0.5, 1.0, 4.0) == pytest.approx(one)
    # Three months with a refresh after two: two months of one cycle and one of the next.
    assert mean_share_stale(0.5, 2.0, 3.0) == pytest.approx((2 * two + one) / 3)


def test_bounds() -> None:
    assert mean_share_stale(0.0, None, 12.0) == 0.0
    assert mean_share_stale(1.0, 3.0, 12.0) == pytest.approx(1.0)


@given(st.floats(0.001, 0.999), st.floats(0.1, 24), st.floats(0.5, 36))
def test_mean_agrees_with_a_sum_and_shrinks_with_the_cadence(churn: float, cadence: float, horizon: float) -> None:
    steps = 2000
    ages = [(horizon * (step + 0.5) / steps) % cadence for step in range(steps)]
    summed = sum(share_stale(age, churn) for age in ages) / steps
    found = mean_share_stale(churn, cadence, horizon)
    assert found == pytest.approx(summed, abs=2e-2)
    assert found <= mean_share_stale(churn, None, horizon) + 1e-9


def test_weights_and_index_age_apart() -> None:
    measured = dropping(exactly(0.6), exactly(0.2))
    found = stale_share(measured, 0.5, 2.0, reindex_months=1.0)
    assert found.value == pytest.approx(0.6 * (1 - 0.75 / (2 * log(2))) + 0.2 * (1 - 0.5 / log(2)))
    assert found.low == found.high == found.value


def test_interval_is_that_of_the_measured_drops() -> None:
    wide = dropping(Interval(value=0.5, low=0.2, high=0.9), Interval(value=0.5, low=0.1, high=0.8))
    found = stale_share(wide, 1.0, 12.0)  # everything is stale all the time
    assert found.value == pytest.approx(1.0)
    assert found.low == pytest.approx(1.0 - (0.3**2 + 0.4**2) ** 0.5)
    assert found.high == pytest.approx(1.0 + (0.4**2 + 0.3**2) ** 0.5)


def test_nothing_is_lost_where_nothing_changes() -> None:
    found = stale_share(dropping(Interval(value=0.5, low=0.2, high=0.9), exactly(0.0)), 0.0, 12.0)
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)
