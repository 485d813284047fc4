import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from pipelines.retrieval.pagerank import personalised_pagerank, transitions


def symmetric(rows: list[list[float]]) -> sparse.csr_array:
    return sparse.csr_array(np.array(rows, dtype=float))


def test_moves_leave_each_node_by_the_share_of_its_edges() -> None:
    moves = transitions(symmetric([[0, 1, 3], [1, 0, 0], [3, 0, 0]])).toarray()
    assert moves == pytest.approx(np.array([[0, 1, 1], [0.25, 0, 0], [0.75, 0, 0]]))


def test_two_nodes_by_hand() -> None:
    """p0 = 1/2 + p1 / 2 and p1 = p0 / 2 give 2/3 and 1/3."""
    moves = transitions(symmetric([[0, 1], [1, 0]]))
    mass = personalised_pagerank(moves, np.array([[1.0, 0.5], [0.0, 0.5]]), 0.5)
    assert mass[:, 0] == pytest.approx([2 / 3, 1 / 3], abs=1e-5)
    assert mass[:, 1] == pytest.approx([1 / 2, 1 / 2], abs=1e-5)


def test_a_node_without_edges_keeps_what_it_starts_with() -> None:
    mass = personalised_pagerank(transitions(symmetric([[0]])), np.array([[1.0]]), 0.5)
    assert mass[0, 0] == pytest.approx(0.5)


@settings(max_examples=30)
@given(st.integers(2, 8), st.integers(0, 99), st.sampled_from([0.3, 0.5, 0.85]))
def test_agrees_with_the_solved_equations_and_not_with_batch_mates(nodes: int, seed: int, damping: float) -> None:
    random = np.random.default_rng(seed)
    weights = random.random((nodes, nodes)) * (random.random((nodes, nodes)) < 0.6)
    moves = transitions(sparse.csr_array(weights + weights.T))
    reset = random.dirichlet(np.ones(nodes), size=3).T
    mass = personalised_pagerank(moves, reset, damping)
    exact = np.linalg.solve(np.eye(nodes) - damping * moves.toarray(), (1 - damping) * reset)
    assert mass == pytest.approx(exact, abs=1e-5)
    assert np.array_equal(personalised_pagerank(moves, reset[:, :1], damping), mass[:, :1])
