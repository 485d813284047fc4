import numpy as np
import pytest

from eval.economics.candidate import Candidate
from eval.economics.sensitivity import net_difference, sensitivity
from eval.economics.spending import Spending
from eval.economics.worth import Outcomes

ALONE = np.arange(100)


@pytest.fixture
def pair() -> tuple[Candidate, Candidate]:
    lora = Outcomes(np.arange(100) < 70, np.zeros(100))
    rag = Outcomes(np.arange(100) < 60, np.zeros(100))
    return (
        Candidate("lora", Spending(200.0, 1.0, 0.01, ((4.0, 50.0),)), np.full(100, 0.01), lora),
        Candidate("rag", Spending(0.0, 0.0, 0.03), np.full(100, 0.03), rag),
    )


def test_net_difference_by_hand(pair, scenario) -> None:
    # 10,000 * (0.1 * 1.5 + 0.02) - (200 + 10 + 2 * 50)
    assert net_difference(*pair, scenario) == pytest.approx(1700 - 310)


def test_each_factor_moves_the_net_by_hand(pair, scenario) -> None:
    swings = {one.factor: one for one in sensitivity(*pair, scenario, ALONE)}
    assert (swings["volume"].net_low, swings["volume"].net_high) == (pytest.approx(540), pytest.approx(3090))
    # Harm 0: 10,000 * (0.1 + 0.02) - 310; harm 1.0: 10,000 * (0.2 + 0.02) - 310
    assert (swings["harm"].net_low, swings["harm"].net_high) == (pytest.approx(890), pytest.approx(1890))
    # Spending is 310 - 200 = 110 more than that of rag at today's prices
    assert (swings["price"].net_low, swings["price"].net_high) == (pytest.approx(1500 - 55), pytest.approx(1500 - 220))
    # Half as often: after month 8 only. Twice as often: after 2, 4, 6, 8.
    assert (swings["cadence"].net_low, swings["cadence"].net_high) == (pytest.approx(1440), pytest.approx(1290))


def test_accuracy_moves_over_its_interval_around_the_base(pair, scenario) -> None:
    swing = next(one for one in sensitivity(*pair, scenario, ALONE) if one.factor == "accuracy")
    assert swing.net_low < swing.net_base < swing.net_high
    assert swing.net_base == pytest.approx(1390)


def test_widest_bar_comes_first(pair, scenario) -> None:
    bars = [abs(one.net_high - one.net_low) for one in sensitivity(*pair, scenario, ALONE)]
    assert bars == sorted(bars, reverse=True)


def test_flip_is_told(pair, scenario) -> None:
    swings = {one.factor: one for one in sensitivity(*pair, scenario, ALONE, swings={"volume": (0.01, 1.0)})}
    assert swings["volume"].flips
    assert set(swings) == {"volume", "accuracy"}
