from math import atanh, isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau

from eval.judging.agreement import (
    agreement,
    between_people,
    cohen_kappa,
    kappa_interval,
    kendall_tau,
    majority,
    tau_interval,
)
from eval.judging.results import Agreement

# Both say yes 20 times, both no 15 times; 5 and 10 times they differ. Observed 0.7; chance 0.5 * 0.6 + 0.5 * 0.4 = 0.5.
A = [True] * 20 + [True] * 5 + [False] * 10 + [False] * 15
B = [True] * 20 + [False] * 5 + [True] * 10 + [False] * 15


def test_kappa_by_hand() -> None:
    assert cohen_kappa(A, B) == pytest.approx(0.4)


def test_kappa_of_three_categories_by_hand() -> None:
    # Observed 3/5. Both say a, b and tie 2, 2 and 1 times: chance (4 + 4 + 1) / 25. (15 - 9) / (25 - 9).
    assert cohen_kappa(["a", "a", "b", "b", "tie"], ["a", "a", "b", "tie", "b"]) == pytest.approx(6 / 16)


def test_kappa_of_opposites_is_minus_one_and_of_one_label_undefined() -> None:
    assert cohen_kappa([1, 0, 1, 0], [0, 1, 0, 1]) == -1
    assert isnan(cohen_kappa([1, 1], [1, 1]))
    assert isnan(cohen_kappa([], []))


def test_kappa_interval_contains_kappa_and_is_wide_for_a_faultless_few() -> None:
    low, high = kappa_interval(A, B, seed=1)
    assert low < 0.4 < high
    assert kappa_interval([True, False] * 6, [True, False] * 6, seed=1)[0] < 0.8


@pytest.mark.parametrize(("rows", "wrong"), [(30, 0.1), (100, 0.1), (100, 0.4)])
def test_kappa_interval_covers(rows: int, wrong: float) -> None:
    # Labels are 1 with 0.6; the judge errs with probability `wrong`, so the joint shares and kappa are known.
    generator = np.random.default_rng(rows)
    joint = np.array([[0.6 * (1 - wrong), 0.6 * wrong], [0.4 * wrong, 0.4 * (1 - wrong)]])
    chance = float(joint.sum(axis=0) @ joint.sum(axis=1))
    true = (1 - wrong - chance) / (1 - chance)
    covered = 0
    for trial in range(400):
        truth = generator.random(rows) < 0.6
        said = truth ^ (generator.random(rows) < wrong)
        low, high = kappa_interval(list(said), list(truth), seed=trial, draws=1000)
        covered += low <= true <= high
    assert covered / 400 >= 0.92  # 95 % less what 400 trials and 1000 draws leave to chance


def test_tau_by_hand() -> None:
    # Five pairs differ in both; 4 agree, 1 does not; one pair is tied in b: 3 / sqrt(6 * 5).
    assert kendall_tau([1, 2, 3, 4], [1, 1, 3, 2]) == pytest.approx(3 / 30**0.5)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=30))
def test_tau_is_that_of_scipy(rows: list[tuple[int, int]]) -> None:
    a, b = zip(*rows, strict=True)
    assert kendall_tau(a, b) == pytest.approx(kendalltau(a, b).statistic, abs=1e-12, nan_ok=True)


def test_tau_interval_by_hand() -> None:
    # Each of the rows 1 to 8, in order but for the last two swapped: tau = (28 - 2) / 28 = 13/14. Left out one by one:
    # 19/21 six times, 1 twice. Jackknife: 7/8 * (6 * (1/42)^2 + 2 * (3/42)^2) = 7/8 * 24/1764, root 0.109109; over
    # 1 - (13/14)^2 = 0.137755 that is 0.792050, more than sqrt(0.437 / 4) = 0.330530. t with 7 degrees: 2.364624.
    low, high = tau_interval([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4, 5, 6, 8, 7])
    assert atanh(high) - atanh(13 / 14) == pytest.approx(2.364624 * 0.792050, abs=1e-5)
    assert atanh(13 / 14) - atanh(low) == pytest.approx(2.364624 * 0.792050, abs=1e-5)


def test_tau_interval_of_a_perfect_order_has_a_width() -> None:
    low, high = tau_interval(range(20), range(20))
    assert low < 0.985
    assert high == pytest.approx(1)


def test_tau_interval_without_an_order_is_refused() -> None:
    with pytest.raises(ValueError, match="five rows"):
        tau_interval([1, 1, 1, 1, 1, 1], [1, 2, 3, 4, 5, 6])


@pytest.mark.parametrize(("noise", "true"), [(0.3, 0.848), (3.0, 0.227)])
def test_tau_interval_covers_grades_and_scores_with_many_ties(noise: float, true: float) -> None:
    # Grades of five steps and scores of five; `true` is the tau of 40 samples of 3,000.
    generator = np.random.default_rng(1)
    covered = 0
    for _ in range(400):
        quality = generator.normal(size=40)
        grades = np.clip(np.round(3 + 1.2 * quality), 1, 5)
        scores = np.round(4 * np.clip(0.5 + 0.3 * (quality + noise * generator.normal(size=40)), 0, 1)) / 4
        low, high = tau_interval(list(scores), list(grades))
        covered += low <= true <= high
    assert covered / 400 >= 0.93


def test_majority() -> None:
    assert majority(["a", "b", "a"]) == "a"
    assert majority(["a", "b", "tie"]) is None
    assert majority([1, 0]) is None


def test_binary_labels_are_compared_by_kappa_at_one_half() -> None:
    values = [0.9 if yes else 0.2 for yes in A]
    found = agreement(values, [(float(yes),) for yes in B], seed=0)
    assert isinstance(found, Agreement)
    assert (found.statistic, found.n, found.human) == ("cohen_kappa", 50, None)
    assert found.value == pytest.approx(0.4)


def test_graded_labels_are_compared_by_order() -> None:
    found = agreement([n / 12 for n in range(12)], [(float(n),) for n in range(12)], seed=0)
    assert isinstance(found, Agreement)
    assert (found.statistic, found.n) == ("kendall_tau_b", 12)
    assert (found.value, found.high) == pytest.approx((1.0, 1.0))


def test_majority_of_three_people_is_the_label_and_their_own_kappa_stands_beside() -> None:
    votes = [(1.0, 1.0, 0.0), (0.0, 0.0, 0.0)] * 6
    found = agreement([1.0, 0.0] * 6, votes, seed=0)
    assert isinstance(found, Agreement)
    assert found.value == 1.0
    # The first two agree fully; the third never says 1, so with either it is at chance: (1 + 0 + 0) / 3.
    assert found.human == pytest.approx(1 / 3)


def test_unreadable_and_undecided_rows_are_left_out_and_counted() -> None:
    votes = [(1.0, 1.0), (0.0, 0.0)] * 6 + [(1.0, 0.0), (1.0, 1.0)]
    found = agreement([1.0, 0.0] * 6 + [1.0, None], votes, seed=0)
    assert isinstance(found, Agreement)
    assert (found.n, found.undecided, found.unparsable) == (12, 1, 1)


@pytest.mark.parametrize(
    ("values", "labels", "reason"),
    [
        ([1.0] * 9, [1.0] * 9, "9 labelled rows"),
        ([1.0, 0.0] * 6, [1.0] * 12, "same label"),
        ([0.5] * 12, [1.0, 2.0] * 6, "same score"),
    ],
)
def test_where_nothing_can_be_said_there_is_a_reason(values: list[float], labels: list[float], reason: str) -> None:
    found = agreement(values, [(label,) for label in labels], seed=0)
    assert isinstance(found, str)
    assert reason in found


def test_one_person_has_nobody_to_agree_with() -> None:
    assert between_people([("a",), ("b",)], categories=True) is None
