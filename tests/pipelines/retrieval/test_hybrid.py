from collections.abc import Sequence
from pathlib import Path

import pytest
from pydantic import ValidationError

from pipelines.records import Chunk, Hits
from pipelines.retrieval import Search, retrievers

CHUNKS = [Chunk(name, "d", 0, 1, name, name) for name in "abcd"]


def part(*rankings: str) -> Search:
    def search(queries: Sequence[str], depth: int) -> list[Hits]:
        return [Hits(tuple(ranking[:depth]), tuple(range(len(ranking[:depth]), 0, -1))) for ranking in rankings]

    return search


def merge(parts: Sequence[Search], depth: int = 10, **settings: object) -> list[Hits]:
    hybrid = retrievers.build(retrievers.parse({"kind": "hybrid", **settings}), "en")
    return hybrid.open(CHUNKS, Path(), parts)(["query"], depth)


def test_scores_are_sums_of_reciprocal_ranks() -> None:
    (found,) = merge([part("abc"), part("bda")])
    assert found.chunk_ids == ("b", "a", "d", "c")
    assert found.scores == pytest.approx((1 / 62 + 1 / 61, 1 / 61 + 1 / 63, 1 / 62, 1 / 63))


def test_equal_scores_stand_in_chunk_order() -> None:
    assert merge([part("ba"), part("ab")])[0].chunk_ids == ("a", "b")
    assert merge([part("dc"), part("")])[0].chunk_ids == ("d", "c")


def test_weights_count() -> None:
    (found,) = merge([part("ab"), part("ba")], weights=[1, 2], k=1)
    assert found == Hits(("b", "a"), (pytest.approx(1 / 3 + 2 / 2), pytest.approx(1 / 2 + 2 / 3)))


def test_depth_cuts_the_result() -> None:
    assert merge([part("abcd"), part("dcba")], depth=2)[0].chunk_ids == ("a", "d")


def test_parts_are_asked_no_less_deep_than_the_search() -> None:
    asked: list[int] = []

    def record(queries: Sequence[str], depth: int) -> list[Hits]:
        asked.append(depth)
        return [Hits((), ())]

    hybrid = retrievers.build(retrievers.parse({"kind": "hybrid", "depth": 20}), "en")
    search = hybrid.open(CHUNKS, Path(), [record, record])
    search(["q"], 5)
    search(["q"], 50)
    assert asked == [20, 20, 50, 50]


def test_default_parts_are_bm25_and_dense_and_nothing_is_written(tmp_path: Path) -> None:
    hybrid = retrievers.build(retrievers.parse("hybrid"), "en")
    assert [config.kind for config in hybrid.parts] == ["bm25", "dense"]
    assert hybrid.build(CHUNKS, tmp_path) == {}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("settings", [{"weights": [1]}, {"weights": [1, 0]}, {"parts": ["bm25"]}, {"k": 0}])
def test_settings_that_cannot_be_meant_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        retrievers.parse({"kind": "hybrid", **settings})
