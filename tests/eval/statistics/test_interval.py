import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap

from eval.statistics import clustered_mean, interval
from eval.statistics.bounded import gaffke

rng = np.random.default_rng(3)
CONTINUOUS = rng.beta(2, 3, size=120)


def test_all_wrong_is_not_certainty() -> None:
    # Clopper-Pearson at 0 of 30: high = 1 - 0.025 ** (1 / 30)
    estimate = interval(np.zeros(30), seed=1)
    assert (estimate.mean, estimate.low) == (0.0, 0.0)
    assert estimate.high == pytest.approx(1 - 0.025 ** (1 / 30))
    assert estimate.method == "Clopper-Pearson exact (conservative)"


def test_a_proportion_has_the_published_exact_interval() -> None:
    # 7 of 20: 0.1539 to 0.5922 (Clopper-Pearson tables)
    estimate = interval([1.0] * 7 + [0.0] * 13, seed=1)
    assert (estimate.low, estimate.high) == (pytest.approx(0.1539, abs=5e-5), pytest.approx(0.5922, abs=5e-5))


def test_gaffke_equals_clopper_pearson_on_binary_values() -> None:
    values = np.array([1.0] * 7 + [0.0] * 13)
    low, high = gaffke([clustered_mean(values)], (0.0, 1.0), tails=np.array([0.025]), draws=400_000, seed=1)
    assert (low[0, 0], high[0, 0]) == (pytest.approx(0.1539, abs=2e-3), pytest.approx(0.5922, abs=2e-3))


def test_bca_agrees_with_scipy_but_for_the_expanded_quantiles() -> None:
    values = CONTINUOUS[:50]
    ours = interval(values, seed=1, draws=100_000)
    theirs = bootstrap((values,), np.mean, n_resamples=100_000, method="BCa", rng=2).confidence_interval
    assert ours.method == "BCa bootstrap"
    # sqrt(50 / 49) * t(0.975, 49) / 1.95996 = 1.0357
    assert ours.high - ours.low == pytest.approx(1.0357 * (theirs.high - theirs.low), rel=0.012)
    assert ours.high + ours.low == pytest.approx(theirs.high + theirs.low, abs=0.002)


@pytest.mark.parametrize(
    ("values", "method"),
    [
        (CONTINUOUS[:49], "Gaffke bounded mean (conservative)"),
        (CONTINUOUS[:50], "BCa bootstrap"),
        (np.r_[np.zeros(195), 0.5 * np.ones(5)], "Gaffke bounded mean (conservative)"),
        (np.linspace(0, 0.02, 100), "Gaffke bounded mean (conservative)"),
    ],
)
def test_the_bootstrap_is_used_only_where_it_can_know_the_tail(values: np.ndarray, method: str) -> None:
    assert interval(values, seed=1).method == method


def test_the_unit_is_the_cluster() -> None:
    values = np.repeat(CONTINUOUS[:60], 4)
    clustered = interval(values, np.repeat(np.arange(60), 4), seed=1)
    alone = interval(CONTINUOUS[:60], seed=1)
    assert (clustered.low, clustered.high) == (pytest.approx(alone.low), pytest.approx(alone.high))
    assert clustered.n == 240
    assert clustered.method == "BCa bootstrap, 60 clusters"
    assert interval(values, seed=1).high - interval(values, seed=1).low < 0.55 * (alone.high - alone.low)


def test_fifty_questions_in_few_clusters_are_not_enough_for_the_bootstrap() -> None:
    estimate = interval(CONTINUOUS[:100], np.arange(100) // 4, seed=1)
    assert estimate.method == "Gaffke bounded mean (conservative), 25 clusters"


def test_identical_seeds_change_nothing() -> None:
    one, three = interval(CONTINUOUS, seed=1), interval(np.stack([CONTINUOUS] * 3), seed=1)
    assert (three.low, three.high) == (pytest.approx(one.low), pytest.approx(one.high))
    assert three.method == "BCa bootstrap, 3 training seeds"


def test_the_variance_between_seeds_widens_by_students_t() -> None:
    # Seeds shifted by -0.1, 0, 0.1 without interaction: variance of their mean 0.01 / 3, t(0.975, 2) = 4.3027
    values = 0.3 + 0.4 * CONTINUOUS
    one = interval(values, seed=1)
    three = interval(np.stack([values - 0.1, values, values + 0.1]), seed=1)
    expected = np.hypot(one.high - one.mean, 4.3027 * np.sqrt(0.01 / 3))
    assert three.high == pytest.approx(one.mean + expected, rel=1e-4)


def test_the_noise_of_single_questions_is_not_taken_for_a_seed_effect() -> None:
    noise = np.random.default_rng(5).normal(0, 0.05, (5, 4000))
    data = clustered_mean(np.clip(np.resize(CONTINUOUS, 4000) * 0.6 + 0.2 + noise, 0, 1))
    ((part, degrees),) = data.seed_terms
    assert degrees == 4
    assert part < 0.05**2 / (5 * 4000)


def test_values_without_bounds_fall_back_to_students_t() -> None:
    # mean 2, sd 1, n 3: half width t(0.975, 2) / sqrt(3) = 2.4841
    estimate = interval([1.0, 2.0, 3.0], seed=1, bounds=None)
    assert (estimate.low, estimate.high) == (pytest.approx(-0.4841, abs=1e-4), pytest.approx(4.4841, abs=1e-4))
    assert estimate.method == "Student's t (approximate)"


def test_the_linearised_variance_of_clusters_of_unequal_size() -> None:
    # sums 1, 3; sizes 1, 4; mean 0.8; residuals 0.2, -0.2; 2 / 1 * 0.08 / 25
    data = clustered_mean([1, 1, 1, 1, 0], [0, 1, 1, 1, 1])
    assert data.question_variance == pytest.approx(0.0064)


@pytest.mark.parametrize("values", [[], [0.5, float("nan")], [0.5, 1.5]])
def test_values_that_are_no_metric_are_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="values"):
        interval(values, seed=1)


VALUES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]) | st.floats(0, 1), min_size=1, max_size=80)


@settings(deadline=None, max_examples=60)
@given(VALUES, st.integers(1, 5), st.integers(1, 3))
def test_the_interval_holds_the_mean_and_stays_in_bounds(values: list[float], size: int, seeds: int) -> None:
    matrix = np.stack([np.roll(values, shift) for shift in range(seeds)])
    estimate = interval(matrix, np.arange(len(values)) // size, seed=1, draws=500)
    assert 0 <= estimate.low <= estimate.mean <= estimate.high <= 1
    assert estimate == interval(matrix, np.arange(len(values)) // size, seed=1, draws=500)


@settings(deadline=None, max_examples=30)
@given(VALUES)
def test_right_and_wrong_are_mirror_images(values: list[float]) -> None:
    one = interval(values, seed=1, draws=4000)
    other = interval(1 - np.array(values), seed=1, draws=4000)
    assert one.low == pytest.approx(1 - other.high, abs=0.03)
