import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.records import Hits
from pipelines.retrieval.ranking import best, hits


def test_best_first_and_equal_scores_in_order() -> None:
    assert best(np.array([1.0, 3.0, 2.0, 3.0, 2.0, 2.0]), 4).tolist() == [1, 3, 2, 4]


@given(st.lists(st.integers(0, 5), max_size=40), st.integers(1, 50))
def test_agrees_with_a_stable_sort(scores: list[int], depth: int) -> None:
    expected = sorted(range(len(scores)), key=lambda place: -scores[place])[:depth]
    assert best(np.array(scores, dtype=np.float32), depth).tolist() == expected


def test_hits_carry_ids_and_scores() -> None:
    assert hits(["a", "b", "c"], np.array([2, 0]), np.array([0.5, 0.0, 0.75])) == Hits(("c", "a"), (0.75, 0.5))
