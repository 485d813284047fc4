from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.results import Comparison
from eval.statistics import clustered_mean, compare_family, holm, mcnemar, sign_flips


@pytest.fixture
def rng() -> np.random.Generator:
    """Numbers that do not depend on which tests ran before."""
    return np.random.default_rng(11)


def one(a: object, b: object, clusters: object = None, **options: object) -> Comparison:
    (found,) = compare_family([("a", "b")], {"a": a, "b": b}, clusters, metric="f1", seed=1, **options)  # type: ignore
    return found


def test_holm_steps_down() -> None:
    # 0.01 * 3, max(0.03 * 1, ...) and 0.02 * 2 in order of size: 0.03, 0.04, 0.04
    assert holm([0.01, 0.03, 0.02]) == pytest.approx([0.03, 0.04, 0.04])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_mcnemar_is_binomial_on_the_discordant_pairs() -> None:
    # 5 against 1: 2 * (C(6,0) + C(6,1)) / 64 = 14 / 64
    a, b = np.array([1] * 5 + [0] + [1] * 20), np.array([0] * 5 + [1] + [1] * 20)
    assert mcnemar(a, b) == pytest.approx(14 / 64)
    assert mcnemar(a, a) == 1.0


def test_binary_questions_are_compared_by_mcnemar() -> None:
    a, b = np.zeros(40), np.zeros(40)
    a[:5], b[5] = 1, 1
    found = one(a, b)
    assert found.p == pytest.approx(14 / 64)
    assert found.method == "exact McNemar, Holm over 1"


def test_few_clusters_are_enumerated() -> None:
    # differences 1, 0.5, -0.9: the 8 signed sums are 0.4, 0.6, 1.4, 2.4 and their opposites, and 6 reach 0.6
    found = one([1.0, 0.6, 0.0], [0.0, 0.1, 0.9])
    assert found.p == pytest.approx(6 / 8)
    assert found.method == "exact sign-flip, Holm over 1"


def test_signs_are_flipped_by_cluster() -> None:
    # five clusters of two, every difference 0.1: only all or none flipped reach the sum
    data = clustered_mean(np.full(10, 0.6), np.arange(10) // 2, np.full(10, 0.5))
    assert sign_flips([data], draws=1, seed=1)[0].p_value(data.mean) == pytest.approx(2 / 32)


def test_small_equal_differences_on_few_questions_prove_little() -> None:
    # Gaffke: the lower end is above 0 where 0.1 (1 - w) > w for the weight w of one unseen loss, Beta(1, 30)
    found = one(np.full(30, 0.6), np.full(30, 0.5))
    assert found.p == pytest.approx(2 * (1 - 0.1 / 1.1) ** 30, rel=0.05)
    assert found.verdict == "undecided"
    assert found.method == "sign-flip, 20000 draws, with Gaffke's bound, Holm over 1"


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(-10, 10), min_size=2, max_size=9), st.integers(1, 3), st.floats(-1, 1))
def test_the_closed_form_is_the_enumeration_at_every_hypothesis(d: list[int], size: int, theta: float) -> None:
    differences, clusters = np.array(d) / 10, np.arange(len(d)) // size
    data = clustered_mean(differences, clusters)
    (flips,) = sign_flips([data], draws=1, seed=1)
    sums = np.bincount(clusters, differences - theta)
    signed = np.array(list(product([1, -1], repeat=len(sums)))) @ sums
    p = float((np.abs(signed) >= abs(sums.sum()) - 1e-9).mean())
    offset = theta - data.mean
    if abs(offset) > 1e-6:
        reached = flips.above if offset > 0 else flips.below
        assert (reached >= abs(offset) - 1e-9).mean() == pytest.approx(p)


def test_monte_carlo_agrees_with_enumeration(rng: np.random.Generator) -> None:
    differences = rng.normal(0.1, 0.3, 14)
    exact, sampled = (
        sign_flips([clustered_mean(np.r_[differences, zeros])], draws=40_000, seed=1)[0].p_value(
            differences.sum() / (14 + len(zeros))
        )
        for zeros in (np.zeros(0), np.zeros(1))
    )
    assert sampled == pytest.approx(exact, abs=0.01)


def test_a_monte_carlo_p_is_never_zero(rng: np.random.Generator) -> None:
    found = one(np.full(60, 0.9) + rng.uniform(-0.05, 0.05, 60), np.full(60, 0.1), draws=999)
    assert found.p == 1 / 1000


def test_a_clear_difference_is_shown_for_the_better_side(rng: np.random.Generator) -> None:
    good, poor = np.clip(rng.normal(0.7, 0.2, 100), 0, 1), np.clip(rng.normal(0.4, 0.2, 100), 0, 1)
    assert one(good, poor).verdict == "a"
    assert one(poor, good).verdict == "b"


def test_not_significant_is_not_equal(rng: np.random.Generator) -> None:
    a, b = rng.random(60), rng.random(60)
    found = one(a, b)
    assert found.verdict == "undecided"
    assert found.low < -0.03
    assert found.high > 0.03


def test_equivalence_needs_the_interval_within_the_margin(rng: np.random.Generator) -> None:
    base = rng.uniform(0.3, 0.7, 1500)
    alike = np.clip(base + rng.normal(0, 0.15, 1500), 0, 1)
    found = one(alike, base)
    assert found.verdict == "equivalent"
    assert -0.03 < found.low < found.high < 0.03
    assert one(alike, base, margin=0.001).verdict == "undecided"


def test_a_shown_difference_within_the_margin_is_equivalence(rng: np.random.Generator) -> None:
    base = rng.uniform(0.3, 0.7, 3000)
    found = one(np.clip(base + 0.012 + rng.normal(0, 0.1, 3000), 0, 1), base)
    assert found.p_adjusted < 0.05
    assert found.low > 0
    assert found.verdict == "equivalent"


def test_identical_answers_on_few_questions_prove_no_equivalence(rng: np.random.Generator) -> None:
    # 0 of 30 differences leave room for about 1 - 0.025 ** (1 / 30) = 0.116 either way
    a = rng.random(30)
    found = one(a, a)
    assert found.verdict == "undecided"
    assert found.high == pytest.approx(0.116, abs=0.01)
    assert found.p == 1.0


def test_a_larger_family_asks_for_more(rng: np.random.Generator) -> None:
    values = {str(i): np.clip(rng.normal(0.5 + 0.01 * i, 0.3, 120), 0, 1) for i in range(6)}
    alone = compare_family([("5", "0")], values, metric="f1", seed=1)[0]
    among = compare_family([(str(i), "0") for i in range(5, 0, -1)], values, metric="f1", seed=1)[0]
    assert among.p == alone.p
    assert among.p_adjusted > alone.p_adjusted
    assert among.low < alone.low
    assert among.minimum_detectable > alone.minimum_detectable


def test_no_smaller_difference_is_called_detectable_than_the_interval_spans() -> None:
    few = np.zeros(12)
    few[0] = 1.0
    found = one(few, np.zeros(12))
    assert found.minimum_detectable >= max(found.delta - found.low, found.high - found.delta) > 0.2


def test_the_minimum_detectable_difference_has_80_percent_power() -> None:
    # sd of the differences 1, n 101: (t(0.975, 100) + t(0.8, 100)) / sqrt(101) = (1.98397 + 0.84523) / 10.05
    differences = np.linspace(-1, 1, 101)
    differences *= 0.5 / differences.std(ddof=1)
    found = one(0.5 + differences / 2, 0.5 - differences / 2, bounds=(-1.0, 2.0))
    assert found.minimum_detectable == pytest.approx(0.5 * 2.82920 / 101**0.5, rel=1e-4)


def test_training_seeds_can_undo_a_difference(rng: np.random.Generator) -> None:
    base = rng.uniform(0.2, 0.6, 200)
    one_adapter = base + 0.1 + rng.normal(0, 0.02, 200)
    three = np.stack([one_adapter - 0.09, one_adapter, one_adapter + 0.09])
    assert one(one_adapter, base).verdict == "a"
    found = one(three, base)
    assert found.verdict == "undecided"
    assert found.method == "sign-flip, 20000 draws, with Gaffke's bound, training seeds 3, Holm over 1"
    # t(0.975, 2) = 4.3027 times 0.09 / sqrt(3) alone is 0.2236
    assert found.delta - found.low == pytest.approx(0.2236, abs=0.002)


CELLS = st.sampled_from([0.0, 0.0, 1.0, 0.5]) | st.floats(0, 1)


@settings(deadline=None, max_examples=80)
@given(st.data(), st.integers(2, 40), st.integers(1, 4), st.integers(1, 3))
def test_no_verdict_contradicts_its_interval(data: st.DataObject, n: int, size: int, seeds: int) -> None:
    rows = st.lists(CELLS, min_size=n, max_size=n)
    values = {name: np.array([data.draw(rows) for _ in range(seeds)]) for name in "abc"}
    found = compare_family(
        [("a", "b"), ("c", "b"), ("a", "c")], values, np.arange(n) // size, metric="f1", seed=1, draws=300
    )
    for comparison in found:
        assert -1 <= comparison.low <= comparison.delta <= comparison.high <= 1
        assert (comparison.p_adjusted <= 0.05) == (comparison.low > 0 or comparison.high < 0)
        inside = comparison.low > -0.03 and comparison.high < 0.03
        assert (comparison.verdict == "equivalent") == inside
        if comparison.verdict in "ab":
            assert comparison.p_adjusted <= 0.05
            assert (comparison.delta > 0) == (comparison.verdict == "a")
    assert [c.p_adjusted for c in found] == pytest.approx(holm([c.p for c in found]))


@settings(deadline=None, max_examples=30)
@given(st.lists(CELLS, min_size=3, max_size=30), st.randoms())
def test_swapping_sides_mirrors_the_comparison(values: list[float], random: object) -> None:
    other = np.array(values)[::-1]
    forth, back = one(values, other, draws=500), one(other, values, draws=500)
    assert forth.p == pytest.approx(back.p, abs=2 / 500)
    assert forth.delta == pytest.approx(-back.delta)


def test_values_outside_the_bounds_are_refused() -> None:
    with pytest.raises(ValueError, match="bounds"):
        one([0.0, 2.0], [0.0, 1.0])


def test_other_questions_are_refused() -> None:
    with pytest.raises(ValueError, match="same questions"):
        one([0.0, 1.0], [0.0, 1.0, 1.0])
