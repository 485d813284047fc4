import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.pareto import pareto_front

POINTS = st.dictionaries(
    st.text("abcdefgh", min_size=1, max_size=3),
    st.tuples(st.sampled_from([0.1, 0.2, 0.3, 0.4]), st.sampled_from([1.0, 2.0, 3.0])),
    min_size=1,
)


def dominates(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] >= other[0] and one[1] <= other[1] and one != other


def test_front_drops_what_is_dearer_and_worse() -> None:
    points = {"rag": (0.6, 5.0), "lora": (0.5, 1.0), "closed_book": (0.1, 2.0), "lora_rag": (0.7, 6.0)}
    assert pareto_front(points) == ("lora", "rag", "lora_rag")


def test_equal_points_stand_on_the_front_together() -> None:
    assert pareto_front({"a": (0.5, 1.0), "b": (0.5, 1.0), "c": (0.4, 1.0)}) == ("a", "b")


def test_of_equal_accuracy_only_the_cheapest_is_on_the_front() -> None:
    assert pareto_front({"dear": (0.5, 2.0), "cheap": (0.5, 1.0)}) == ("cheap",)


def test_no_points_give_no_front() -> None:
    assert pareto_front({}) == ()


def test_missing_value_is_refused() -> None:
    with pytest.raises(ValueError, match="rag: a Pareto front needs"):
        pareto_front({"rag": (float("nan"), 1.0)})


@given(POINTS)
def test_front_is_exactly_the_points_nothing_dominates(points: dict[str, tuple[float, float]]) -> None:
    expected = {name for name, one in points.items() if not any(dominates(other, one) for other in points.values())}
    assert set(pareto_front(points)) == expected


@given(POINTS)
def test_front_rises_in_both_accuracy_and_cost(points: dict[str, tuple[float, float]]) -> None:
    front = [points[name] for name in pareto_front(points)]
    assert front == sorted(front, key=lambda point: (point[1], point[0]))
