import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from eval.latency import latency_summary, quantile_interval, reportable
from pipelines.errors import UserError


def test_median_of_twenty_lies_between_the_sixth_and_fifteenth_request() -> None:
    # Binomial(20, 1/2): P(6 <= number below <= 14) = 0.9586, so [X_(6), X_(15)] is the exact 95 % interval.
    found = quantile_interval(np.arange(1, 21), 0.5)
    assert (found.low, found.value, found.high) == (6.0, 10.5, 15.0)


def test_order_of_requests_does_not_matter() -> None:
    times = np.random.default_rng(0).exponential(size=50)
    assert quantile_interval(times, 0.5) == quantile_interval(np.sort(times), 0.5)


@pytest.mark.parametrize(
    ("n", "q", "expected"), [(99, 0.95, False), (100, 0.95, True), (499, 0.99, False), (500, 0.99, True)]
)
def test_percentile_needs_five_requests_beyond_it(n: int, q: float, expected: bool) -> None:
    assert reportable(n, q) is expected


def test_summary_of_twenty_requests_has_the_median_alone() -> None:
    found = latency_summary(np.arange(1, 21), stages={"decode": np.arange(20), "retrieve": np.ones(20)})
    assert (found.n, found.p50.value, found.p95, found.p99, found.ttft_p50) == (20, 10.5, None, None, None)
    assert found.stages == {"decode": 9.5, "retrieve": 1.0}


def test_summary_of_a_hundred_requests_has_p95() -> None:
    found = latency_summary(np.arange(1, 101), ttft=np.full(100, 0.25), cold_start=3.0, concurrency=4, warm=False)
    assert found.p95 is not None
    assert found.p95.value == pytest.approx(95.05)  # numpy's linear rule: position 0.95 * 99 = 94.05 from 1
    # Binomial(100, 0.95) has its 2.5 % and 97.5 % quantiles at 90 and 99.
    assert (found.p95.low, found.p95.high) == (90.0, 100.0)
    assert found.p99 is None
    assert found.ttft_p50 is not None
    assert found.ttft_p50.value == 0.25
    assert (found.cold_start, found.concurrency, found.warm) == (3.0, 4, False)


def test_fewer_than_ten_requests_are_refused() -> None:
    with pytest.raises(UserError, match="at least 10 requests to give a median, not 9"):
        latency_summary(np.ones(9))


def test_stage_with_another_number_of_requests_is_refused() -> None:
    with pytest.raises(ValueError, match="stage decode has 9 times for 10 requests"):
        latency_summary(np.ones(10), stages={"decode": np.ones(9)})


def test_negative_time_is_refused() -> None:
    with pytest.raises(ValueError, match="not negative"):
        latency_summary(np.full(10, -1.0))


@given(st.integers(20, 400), st.sampled_from([0.5, 0.75]))
def test_interval_holds_the_true_quantile_with_at_least_95_percent(n: int, q: float) -> None:
    found = quantile_interval(np.arange(1, n + 1), q)
    lower, upper = int(found.low), int(found.high)
    # X_(lower) <= quantile < X_(upper) whenever lower <= number of requests below it <= upper - 1.
    assert binom.cdf(upper - 1, n, q) - binom.cdf(lower - 1, n, q) >= 0.95
