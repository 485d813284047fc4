from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import UserError
from pipelines.retrieval.moee.statistics import FILE, Statistics


def test_deviation_is_unbiased() -> None:
    found = Statistics.of([np.array([[1.0, 7.0], [3.0, 7.0]])], 2)
    np.testing.assert_allclose(found.mean, [2, 7])
    np.testing.assert_allclose(found.deviation, [np.sqrt(2), 0], rtol=1e-6)


def test_a_z_score_has_mean_nought_and_a_constant_is_nought() -> None:
    rows = np.array([[1.0, 7.0], [3.0, 7.0]])
    np.testing.assert_allclose(
        Statistics.of([rows], 2).apply(rows), [[-1 / np.sqrt(2), 0], [1 / np.sqrt(2), 0]], rtol=1e-6
    )


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=6), st.integers(0, 2**32 - 1))
def test_blocks_give_what_all_rows_at_once_give(sizes: list[int], seed: int) -> None:
    rows = np.random.default_rng(seed).normal(3, 2, (sum(sizes) + 2, 4)).astype(np.float32)
    blocks = np.split(rows, np.cumsum(sizes))
    found = Statistics.of(blocks, 4)
    np.testing.assert_allclose(found.mean, rows.mean(0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.deviation, rows.std(0, ddof=1), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("rows", [0, 1])
def test_too_few_rows_leave_the_scale_alone(rows: int) -> None:
    found = Statistics.of([np.full((rows, 3), 5.0)], 3)
    np.testing.assert_array_equal(found.deviation, [1, 1, 1])


def test_saved_and_loaded_are_the_same(tmp_path: Path) -> None:
    made = Statistics.of([np.array([[1.0, 2.0], [4.0, 8.0]])], 2)
    made.save(tmp_path)
    assert Statistics.load(tmp_path).digest == Statistics.load(tmp_path / FILE).digest == made.digest


def test_other_numbers_have_another_digest() -> None:
    one, two = (Statistics.of([np.array([[1.0], [2.0], [last]])], 1) for last in (3.0, 3.1))
    assert one.digest != two.digest


def test_what_is_no_statistics_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("nothing of the kind")
    with pytest.raises(UserError, match="holds no mean and deviation"):
        Statistics.load(tmp_path)
    with pytest.raises(UserError, match="holds no mean and deviation"):
        Statistics.load(tmp_path / "absent")
