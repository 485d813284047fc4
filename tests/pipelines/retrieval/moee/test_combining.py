import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipelines.retrieval.moee.combining import Layout, combined, dimension, gated, unit

ROWS = np.array([[3.0, 4.0, 0.0, 5.0, 12.0], [1.0, 0.0, 2.0, 0.0, 0.0]])
"""Two numbers of a hidden state and three of routing."""


def test_hs_and_rw_alone_are_unit_vectors() -> None:
    np.testing.assert_allclose(combined(ROWS, 2, "hs", 1.0), [[0.6, 0.8], [1, 0]])
    np.testing.assert_allclose(combined(ROWS, 2, "rw", 1.0), [[0, 5 / 13, 12 / 13], [1, 0, 0]])


def test_concat_is_one_cosine_over_both_parts() -> None:
    lengths = [[np.sqrt(25 + 169)], [np.sqrt(5)]]
    np.testing.assert_allclose(combined(ROWS, 2, "concat", 1.0), ROWS / lengths)


def test_sum_weighs_each_part_at_length_one() -> None:
    vectors = combined(ROWS, 2, "sum", 0.25)
    expected = np.array([[0.6, 0.8, 0, 0.5 * 5 / 13, 0.5 * 12 / 13], [1, 0, 0.5, 0, 0]]) / np.sqrt(1.25)
    np.testing.assert_allclose(vectors, expected)


numbers = st.floats(-5, 5, width=32)


@settings(max_examples=60, deadline=None)
@given(arrays(np.float64, (2, 3), elements=numbers), arrays(np.float64, (2, 4), elements=numbers), st.floats(0, 20))
def test_the_single_index_form_is_the_weighted_sum_of_cosines(hs: np.ndarray, rw: np.ndarray, alpha: float) -> None:
    query, document = combined(np.concatenate([hs, rw], axis=1), 3, "sum", alpha)

    def cosine(parts: np.ndarray) -> float:
        first, second = unit(parts)
        return float(first @ second)

    assert float(query @ document) * (1 + alpha) == pytest.approx(cosine(hs) + alpha * cosine(rw), abs=1e-6)


def test_each_layer_has_a_softmax_of_its_own() -> None:
    layout = Layout(1, (2, 3), "softmax")
    rows = np.array([[9.0, np.log(1), np.log(3), np.log(1), np.log(1), np.log(2)]])
    np.testing.assert_allclose(gated(rows, layout, "softmax"), [[9, 0.25, 0.75, 0.25, 0.25, 0.5]])
    np.testing.assert_array_equal(gated(rows, layout, "logits"), rows)


def test_a_sigmoid_gate_weighs_every_expert_alone() -> None:
    rows = np.array([[9.0, np.log(1), np.log(3)]])
    np.testing.assert_allclose(gated(rows, Layout(1, (2,), "sigmoid"), "softmax"), [[9, 0.5, 0.75]])


def test_dimensions_of_the_paper() -> None:
    olmoe = Layout(2048, (64,) * 16, "softmax")
    assert [dimension(olmoe, part) for part in ("hs", "rw", "concat", "sum")] == [2048, 1024, 3072, 3072]


def test_a_row_of_zeros_stays_one() -> None:
    np.testing.assert_array_equal(unit(np.zeros((1, 3))), np.zeros((1, 3)))
