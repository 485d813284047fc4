"""Confidence against what is right, by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.metrics.confidence import auroc, calibration_error, risk_coverage

ROWS = st.lists(st.tuples(st.sampled_from([0.1, 0.25, 0.5, 0.9]), st.booleans()), min_size=1, max_size=30)


def test_auroc_counts_pairs() -> None:
    """Right at 0.9 and 0.4, wrong at 0.6 and 0.4: of four pairs two are in order, one is not, one ties."""
    assert auroc([0.9, 0.4, 0.6, 0.4], [True, True, False, False]) == (2 + 0.5) / 4
    assert auroc([0.1, 0.2], [True, True]) is None
    assert auroc([0.1, 0.2], [False, False]) is None


@given(ROWS)
def test_auroc_of_the_opposite_confidence_is_the_rest(rows: list[tuple[float, bool]]) -> None:
    confidence, right = [c for c, _ in rows], [r for _, r in rows]
    found, turned = auroc(confidence, right), auroc([-c for c in confidence], right)
    assert (found is None and turned is None) or (found or 0.0) + (turned or 0.0) == pytest.approx(1)


def test_calibration_error_by_bins() -> None:
    """In (0.9, 1] two right answers with a gap of 0.025, in (0.6, 0.7] a wrong one with a gap of 0.7."""
    assert calibration_error([0.95, 1.0, 0.7], [True, True, False]) == pytest.approx((2 * 0.025 + 0.7) / 3)
    assert calibration_error([0.0, 1.0], [False, True]) == 0.0
    assert calibration_error([0.3, 0.3, 0.3, 0.3], [True, False, False, False]) == pytest.approx(0.05)


def test_risk_falls_with_coverage_by_hand() -> None:
    curve = risk_coverage([0.9, 0.8, 0.8, 0.1], [True, False, True, False])
    assert curve.coverage == (0.25, 0.75, 1.0)
    assert curve.risk == (0.0, pytest.approx(1 / 3), 0.5)
    assert curve.area == pytest.approx(0.5 / 3 + 0.25 * 0.5)
    assert curve.accuracy_at(0.2) == 1.0
    assert curve.accuracy_at(0.5) == pytest.approx(2 / 3)
    assert curve.accuracy_at(1.0) == 0.5


@given(ROWS)
def test_everything_given_has_the_error_rate_as_risk(rows: list[tuple[float, bool]]) -> None:
    curve = risk_coverage([c for c, _ in rows], [r for _, r in rows])
    assert curve.coverage[-1] == 1.0
    assert curve.risk[-1] == pytest.approx(sum(not r for _, r in rows) / len(rows))


def test_without_answers_there_is_no_curve() -> None:
    with pytest.raises(ValueError, match="no answers"):
        risk_coverage([], [])
