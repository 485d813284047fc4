from math import log2

import ir_measures
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.learning import Labelled
from pipelines.records import Hits
from pipelines.retrieval.fusion_weight import GRID, best_weight, ndcg

NAMES = [f"c{number}" for number in range(14)]


def test_the_grid_has_21_steps() -> None:
    assert GRID[:3] == (0.0, 0.05, 0.1)
    assert (GRID[-1], len(GRID)) == (1.0, 21)


def test_ndcg_by_hand() -> None:
    assert ndcg(["x", "b", "a"], {"a": 2, "b": 1}) == pytest.approx((1 / log2(3) + 2 / 2) / (2 + 1 / log2(3)))
    assert ndcg([], {"a": 1}) == 0


@given(st.permutations(NAMES), st.dictionaries(st.sampled_from(NAMES), st.integers(0, 3), min_size=1))
def test_ndcg_is_trec_evals(ranking: list[str], grades: dict[str, int]) -> None:
    grades["c0"] = 1
    run = {"q": {name: float(-place) for place, name in enumerate(ranking)}}
    expected = ir_measures.calc_aggregate([ir_measures.nDCG @ 10], {"q": grades}, run)[ir_measures.nDCG @ 10]
    assert ndcg(ranking, grades) == pytest.approx(expected)


def chosen(good: set[float]) -> float:
    """The weight chosen where the gold passage is found at the weights ``good`` alone."""

    def merge(found: object, weight: float) -> Hits:
        return Hits(("a",) if weight in good else ("b",), (1.0,))

    return best_weight([Labelled("q", {"a": 1})], [()], merge)[0]


def test_ties_go_to_the_weight_nearest_one_half_and_then_to_the_lower() -> None:
    assert chosen(set()) == 0.5
    assert chosen({0.0, 0.2, 1.0}) == 0.2
    assert chosen({0.4, 0.6}) == 0.4
    assert chosen({0.05, 0.9}) == 0.9
