from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipelines.retrieval.mafin.concatenation import concatenate, identity_over
from pipelines.retrieval.mafin.losses import combined


def unit(rows: int, width: int, seed: int) -> NDArray[np.float32]:
    vectors = np.random.default_rng(seed).standard_normal((rows, width)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@settings(deadline=None)
@given(weight=st.floats(0, 1), seed=st.integers(0, 1000))
def test_the_product_of_concatenated_vectors_is_the_weighted_sum(weight: float, seed: int) -> None:
    black_box, own = (unit(3, 6, seed), unit(20, 6, seed + 1)), (unit(3, 4, seed + 2), unit(20, 4, seed + 3))
    queries, passages = (concatenate(a, b, weight) for a, b in zip(black_box, own, strict=True))
    assert np.linalg.norm(passages, axis=1) == pytest.approx(np.ones(20), abs=1e-6)
    wanted = combined(black_box[0] @ black_box[1].T, own[0] @ own[1].T, weight)
    assert queries @ passages.T == pytest.approx(wanted, abs=1e-6)


def test_a_half_weighs_both_alike() -> None:
    (row,) = concatenate(np.array([[1.0, 0.0]], np.float32), np.array([[0.6, 0.8]], np.float32), 0.5)
    assert row == pytest.approx(np.array([1, 0, 0.6, 0.8]) / 2**0.5)


def test_halving_the_augmenter_before_the_norm_weighs_it_by_a_fifth() -> None:
    """The published code concatenates the black box with half the augmenter and normalises."""
    black_box, own = unit(4, 5, 1), unit(4, 3, 2)
    halved = np.concatenate([black_box, own / 2], axis=1)
    halved /= np.linalg.norm(halved, axis=1, keepdims=True)
    assert halved == pytest.approx(concatenate(black_box, own, 0.8), abs=1e-6)


@dataclass(frozen=True)
class Named:
    """The identity of an embedder, and nothing else of one."""

    identity: str


def test_an_identity_tells_weights_apart_and_names_the_machine_behind_a_colon() -> None:
    """``check_embedder`` compares what stands before the colon: an index may move to another machine."""
    weights, _, machine = identity_over(Named("abc:float32:cpu"), b"trained").partition(":")  # type: ignore[arg-type]
    assert machine == "float32:cpu"
    assert identity_over(Named("abc:float32:cuda"), b"trained") == f"{weights}:float32:cuda"  # type: ignore[arg-type]
    assert not identity_over(Named("abd:float32:cpu"), b"trained").startswith(weights)  # type: ignore[arg-type]
    assert not identity_over(Named("abc:float32:cpu"), b"other").startswith(weights)  # type: ignore[arg-type]
