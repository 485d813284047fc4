"""Processors that only reorder or cut by rank: reorder, top, mmr, redundancy."""

from collections.abc import Sequence
from typing import Any

import pytest

from pipelines.records import Chunk


def chunks(texts: Sequence[str]) -> list[Chunk]:
    return [Chunk(f"c{n}", f"d{n}", 0, len(text), text, text) for n, text in enumerate(texts)]


def ids(found: Sequence[Chunk]) -> list[str]:
    return [chunk.id for chunk in found]


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, [0]), (2, [0, 1]), (3, [0, 2, 1]), (4, [0, 2, 3, 1]), (5, [0, 2, 4, 3, 1])],
)
def test_reorder_puts_the_best_at_both_ends(process: Any, count: int, expected: list[int]) -> None:
    found = process("reorder", chunks(["text"] * count))
    assert ids(found) == [f"c{place}" for place in expected]


def test_top_keeps_the_best(process: Any) -> None:
    made = chunks(["a", "b", "c"])
    assert ids(process({"kind": "top", "number": 2}, made)) == ["c0", "c1"]
    assert ids(process({"kind": "top", "number": 9}, made)) == ["c0", "c1", "c2"]


COPIES = chunks(
    [
        "The kestrel pump is painted green.",
        "The kestrel pump is painted green.",
        "The kestrel pump was painted in green.",
        "Lunch is served in the canteen at noon.",
    ]
)


@pytest.mark.slow
def test_redundancy_keeps_the_first_of_near_copies(process: Any) -> None:
    assert ids(process({"kind": "redundancy", "threshold": 0.9}, COPIES)) == ["c0", "c3"]
    assert ids(process({"kind": "redundancy", "threshold": 1.0}, COPIES)) == ["c0", "c2", "c3"], "equal texts only"
    assert ids(process({"kind": "redundancy", "threshold": 0.9}, COPIES[::-1])) == ["c3", "c2"]


@pytest.mark.slow
def test_mmr_weighs_relevance_against_novelty(process: Any) -> None:
    query = "Which colour is the kestrel pump?"
    assert ids(process({"kind": "mmr", "weight": 1.0}, COPIES, query=query)) == ["c0", "c1", "c2", "c3"]
    assert ids(process({"kind": "mmr", "weight": 0.3}, COPIES, query=query)) == ["c0", "c3", "c2", "c1"]


@pytest.mark.slow
def test_mmr_is_the_published_formula(process: Any) -> None:
    import numpy as np

    from pipelines.retrieval.embedders import embedders

    made = chunks(["red apples", "green apples", "apple pie recipe", "car engines", "pump valves"])
    embedder = embedders.build(embedders.parse("embedded"))
    rows = embedder.embed_documents([chunk.indexed for chunk in made])
    query = embedder.embed_queries(["apples"])[0]
    left, taken = list(range(5)), list[int]()
    while left:
        gains = [0.5 * rows[i] @ query - 0.5 * max((rows[i] @ rows[j] for j in taken), default=0.0) for i in left]
        taken.append(left.pop(int(np.argmax(gains))))
    assert ids(process({"kind": "mmr", "weight": 0.5}, made, query="apples")) == [f"c{place}" for place in taken]
    assert taken != sorted(taken)
