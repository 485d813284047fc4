import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from eval.economics.payback import payback_months


def test_investment_over_monthly_gain() -> None:
    assert payback_months(25.0, 100.0, [], 12.0) == 4.0


def test_not_paid_back_within_the_horizon() -> None:
    assert payback_months(25.0, 100.0, [], 3.9) is None


def test_nothing_to_pay_back() -> None:
    assert payback_months(25.0, 0.0, [], 12.0) == 0.0


def test_monthly_loss_never_pays_back() -> None:
    assert payback_months(-1.0, 100.0, [], 12.0) is None


def test_retraining_before_payback_delays_it() -> None:
    # 100 once and 50 after month 3: 150 / 25
    assert payback_months(25.0, 100.0, [(3.0, 50.0)], 12.0) == 6.0


def test_retraining_that_puts_the_net_back_below_zero_counts() -> None:
    # paid after 4 months, down again by 40 after month 5 (net 25 - 40), up after 140 / 25
    assert payback_months(25.0, 100.0, [(5.0, 40.0)], 12.0) == 5.6


def test_retraining_out_of_earnings_does_not_move_the_payback() -> None:
    assert payback_months(25.0, 100.0, [(8.0, 40.0)], 12.0) == 4.0


def test_saved_work_of_the_status_quo_can_pay_it_back_at_once() -> None:
    assert payback_months(1.0, 100.0, [(6.0, -99.0)], 12.0) == 6.0


EVENTS = st.lists(st.tuples(st.sampled_from([1.0, 3.0, 5.0, 7.5]), st.floats(-50, 50)), max_size=4)


@given(st.floats(0.5, 100), st.floats(0, 300), EVENTS)
def test_net_stays_at_or_above_zero_from_the_payback_on(gain: float, one_off: float, events: list) -> None:
    def net(month: float) -> float:
        return gain * month - one_off - sum(usd for when, usd in events if when <= month)

    found = payback_months(gain, one_off, events, 10.0)
    if found is None:
        assert net(10.0) < 1e-6
    else:
        assert all(net(month) >= -1e-6 for month in np.linspace(found, 10.0, 200))


@given(st.floats(-10, 100), st.floats(0, 50), st.floats(0, 300), EVENTS)
def test_higher_gain_never_pays_back_later(gain: float, more: float, one_off: float, events: list) -> None:
    slow, fast = (payback_months(one, one_off, events, 10.0) for one in (gain, gain + more))
    if slow is not None:
        assert fast is not None
        assert fast <= slow + 1e-9
