"""From scores to probabilities."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import UserError
from pipelines.generation.calibration import Platt, calibrate, fit_platt, log_loss


def test_a_platt_by_hand_and_far_out() -> None:
    assert Platt(2.0, -1.0)(0.5) == 0.5
    assert Platt()(math.log(3)) == pytest.approx(0.75)
    assert (Platt()(1e4), Platt()(-1e4)) == (1.0, 0.0)


def test_two_scores_get_their_smoothed_rates() -> None:
    """Of score 0 one of four is right, of score 1 three of four: with two free numbers the fit meets both rates, drawn
    in by Platt's targets 5/6 and 1/6."""
    platt = fit_platt([0.0] * 4 + [1.0] * 4, [1, 0, 0, 0, 1, 1, 1, 0])
    high, low = 5 / 6, 1 / 6
    assert platt(0.0) == pytest.approx(0.25 * high + 0.75 * low, abs=1e-4)
    assert platt(1.0) == pytest.approx(0.75 * high + 0.25 * low, abs=1e-4)


def test_one_kind_of_label_gives_its_smoothed_rate_in_the_order_of_the_scores() -> None:
    platt = fit_platt([0.1, 5.0, 9.0], [0, 0, 0])
    assert platt(-7.0) == pytest.approx(platt(15.0), abs=2e-3) == pytest.approx(1 / 5, abs=2e-3)
    assert platt(-7.0) < platt(0.1) < platt(5.0) < platt(15.0)


def test_a_few_answers_of_dev_do_not_turn_the_order_of_a_score_round() -> None:
    platt = fit_platt([0.0, 1.0, 2.0, 3.0], [1, 1, 0, 0])
    assert platt(0.0) < platt(3.0)
    assert platt(0.0) == pytest.approx(platt(3.0), abs=2e-3) == pytest.approx(0.5, abs=2e-3)


@given(st.lists(st.tuples(st.floats(-50, 50), st.booleans()), min_size=2, max_size=30))
def test_a_higher_score_never_means_less(rows: list[tuple[float, bool]]) -> None:
    scores = [score for score, _ in rows]
    platt = fit_platt(scores, [float(right) for _, right in rows])
    assert platt.slope > 0 or max(scores) - min(scores) < 1e-8


def test_scores_that_part_right_from_wrong_give_a_finite_slope() -> None:
    platt = fit_platt([-3.0, -2.0, 2.0, 3.0], [0, 0, 1, 1])
    assert 0 < platt.slope < 10
    assert platt(3.0) > 0.7 > 0.3 > platt(-3.0)


@given(st.lists(st.tuples(st.floats(-50, 50), st.booleans()), min_size=2, max_size=30))
def test_a_fit_is_never_worse_than_the_rate_alone(rows: list[tuple[float, bool]]) -> None:
    scores, labels = [score for score, _ in rows], [float(right) for _, right in rows]
    high, low = (sum(labels) + 1) / (sum(labels) + 2), 1 / (len(labels) - sum(labels) + 2)
    targets = [low + label * (high - low) for label in labels]
    rate = sum(targets) / len(targets)
    base = Platt(0.0, math.log(rate / (1 - rate)))
    assert log_loss(fit_platt(scores, labels), scores, targets) <= log_loss(base, scores, targets) + 2e-3


def test_a_calibration_is_kept_and_its_log_loss_told(tmp_path: Path) -> None:
    found = calibrate([0.0, 0.0, 0.0], [0, 0, 0], tmp_path)
    assert Platt.read(tmp_path)(1.0) == pytest.approx(1 / 5)
    assert found == pytest.approx(-math.log(4 / 5))
    with pytest.raises(UserError, match="judged answers of dev"):
        calibrate([], [], tmp_path)
