"""Grids: the product of every ``{grid: [...]}``."""

from hypothesis import given
from hypothesis import strategies as st

from assay.grid import expand


def test_without_a_grid_there_is_one_combination() -> None:
    assert expand({"arm": "rag", "depth": 3}) == [({"arm": "rag", "depth": 3}, {})]


def test_product_of_nested_grids_varies_the_first_slowest() -> None:
    data = {"retriever": {"kind": "hybrid", "alpha": {"grid": [0.2, 0.8]}}, "depth": {"grid": [1, 3, 5]}}
    expanded = expand(data)
    assert [(one["retriever"]["alpha"], one["depth"]) for one, _ in expanded] == [
        *[(0.2, 1), (0.2, 3), (0.2, 5)],
        *[(0.8, 1), (0.8, 3), (0.8, 5)],
    ]
    assert expanded[4] == (
        {"retriever": {"kind": "hybrid", "alpha": 0.8}, "depth": 3},
        {("retriever", "alpha"): 0.8, ("depth",): 3},
    )


def test_whole_stages_and_list_items_can_be_a_grid() -> None:
    data = {"retriever": {"grid": ["bm25", {"kind": "dense"}]}, "post": [{"kind": "budget", "tokens": {"grid": [9]}}]}
    assert [one for one, _ in expand(data)] == [
        {"retriever": "bm25", "post": [{"kind": "budget", "tokens": 9}]},
        {"retriever": {"kind": "dense"}, "post": [{"kind": "budget", "tokens": 9}]},
    ]


def test_mapping_with_more_than_a_grid_is_no_grid() -> None:
    data = {"depth": {"grid": [1], "other": 2}, "size": {"grid": 4}}
    assert expand(data) == [(data, {})]


def test_empty_grid_leaves_nothing() -> None:
    assert expand({"depth": {"grid": []}}) == []


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_combinations_are_distinct_and_as_many_as_the_product(sizes: list[int]) -> None:
    expanded = expand({str(name): {"grid": list(range(size))} for name, size in enumerate(sizes)})
    product = 1
    for size in sizes:
        product *= size
    assert len({tuple(one.values()) for one, _ in expanded}) == len(expanded) == product
