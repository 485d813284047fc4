"""How numbers are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.numbers import count, duration, fine_score, money, percent, score, seconds, significant, volume


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "$0"),
        (0.0031, "$0.0031"),
        (0.00002071, "$0.0000207"),
        (0.5, "$0.50"),
        (0.125, "$0.125"),
        (1, "$1.00"),
        (12.345, "$12.35"),
        (99.999, "$100.00"),
        (1234.5, "$1,234"),
        (-12000, "−$12,000"),
    ],
)
def test_money(value: float, text: str) -> None:
    assert money(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.7149, "0.71"),
        (0, "0.00"),
        (0.004, "0.004"),
        (-0.0042, "−0.004"),
        (0.0001, "0.00"),
        (-0.3, "−0.30"),
        (1, "1.00"),
    ],
)
def test_score(value: float, text: str) -> None:
    assert score(value) == text


def test_a_difference_that_rounds_to_nought_has_no_sign() -> None:
    assert score(-0.0001) == "0.00"
    assert fine_score(-0.0001) == "0.000"


@pytest.mark.parametrize(("value", "text"), [(0.37, "37"), (0, "0"), (0.004, "0.4"), (1, "100"), (-0.2, "−20")])
def test_percent(value: float, text: str) -> None:
    assert percent(value) == f"{text}\N{NO-BREAK SPACE}%"


def test_counts_and_volumes() -> None:
    assert count(24000.4) == "24,000"
    assert volume(63158) == "63,200"
    assert volume(7.25) == "7.25"


def test_times() -> None:
    assert seconds(0.1834) == "0.183\N{NO-BREAK SPACE}s"
    assert seconds(12.345) == "12.3\N{NO-BREAK SPACE}s"
    assert duration(41.2) == "41.2\N{NO-BREAK SPACE}s"
    assert duration(1312) == "22\N{NO-BREAK SPACE}min"
    assert duration(9000) == "2.5\N{NO-BREAK SPACE}h"


@given(st.floats(min_value=1e-9, max_value=1e9))
def test_three_significant_digits_lose_less_than_half_a_per_cent(value: float) -> None:
    assert float(significant(value).replace(",", "")) == pytest.approx(value, rel=0.00501)
