import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from pydantic import ValidationError

from pipelines.errors import UserError
from pipelines.learning import Labelled, Material
from pipelines.records import Chunk, Hits
from pipelines.retrieval import LearningRetriever, Search, retrievers

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


def scored(*hits: tuple[str, float]) -> Search:
    """A part that finds the same for every query."""

    def search(queries: Sequence[str], depth: int) -> list[Hits]:
        return [Hits(tuple(name for name, _ in hits), tuple(score for _, score in hits))] * len(queries)

    return search


def test_convex_adds_scores_scaled_between_the_least_and_the_best_hit() -> None:
    parts = [scored(("a", 12), ("b", 6), ("c", 4)), scored(("c", 0.9), ("d", 0.7), ("a", 0.4))]
    (found,) = merge(parts, fusion="convex", weights=[1, 3])
    # a: 1/4 x 1 + 3/4 x 0; b: 1/4 x 2/8; c: 3/4 x 1; d: 3/4 x 0.3/0.5
    assert found.chunk_ids == ("c", "d", "a", "b")
    assert found.scores == pytest.approx((0.75, 0.45, 0.25, 0.0625))


def test_convex_can_scale_from_the_least_score_there_can_be() -> None:
    parts = [scored(("a", 12), ("b", 6)), scored(("b", 1.0), ("c", 0.5))]
    (found,) = merge(parts, fusion="convex", minima=[0, -1])
    # a: 12/12; b: 6/12 + 2/2; c: 1.5/2; each half
    assert found == Hits(("b", "a", "c"), (pytest.approx(0.75), pytest.approx(0.5), pytest.approx(0.375)))


def test_convex_counts_the_hits_of_a_flat_list_in_full() -> None:
    (found,) = merge([scored(("b", 3), ("a", 3)), scored()], fusion="convex")
    assert found == Hits(("a", "b"), (0.5, 0.5))


def material(*dev: Labelled) -> Material:
    return Material(CHUNKS, train=(Labelled("train", {"a": 1}),), dev=dev, seed=0)


def learn(folder: Path, parts: Sequence[Search], *dev: Labelled, **settings: object) -> Mapping[str, float]:
    hybrid = retrievers.build(retrievers.parse({"kind": "hybrid", "weights": "dev", **settings}), "en")
    assert isinstance(hybrid, LearningRetriever)
    assert hybrid.learns
    return hybrid.learn(material(*dev), parts, folder, lambda step, steps, loss: None)


def test_dev_chooses_the_weight_and_the_search_uses_it(tmp_path: Path) -> None:
    parts = [scored(("a", 2), ("b", 1), ("c", 0)), scored(("b", 2), ("c", 1), ("a", 0))]
    # Convex scores at weight w of the second part: a 1-w, b (1-w)/2 + w, c w/2. b is first above w = 1/3.
    learnt = learn(tmp_path, parts, Labelled("q", {"b": 1}), fusion="convex")
    assert learnt == {"weight": 0.5, "dev_ndcg_at_10": 1.0, "dev_questions": 1.0}
    learnt = learn(tmp_path, parts, Labelled("q", {"a": 1}), fusion="convex")
    assert learnt["weight"] == 0.3  # the nearest to 0.5 at which a is first
    assert json.loads((tmp_path / "weights.json").read_text()) == [0.7, 0.3]
    hybrid = retrievers.build(retrievers.parse({"kind": "hybrid", "weights": "dev", "fusion": "convex"}), "en")
    (found,) = hybrid.open(CHUNKS, tmp_path, parts)(["query"], 2)
    assert found == Hits(("a", "b"), (pytest.approx(0.7), pytest.approx(0.65)))


def test_dev_weighs_reciprocal_ranks_too(tmp_path: Path) -> None:
    learnt = learn(tmp_path, [part("abc"), part("cab")], Labelled("q", {"c": 1}))
    # At k = 60 and weight w: a (1-w)/61 + w/62, c (1-w)/63 + w/61; c is first above w = 0.67.
    assert learnt["weight"] == 0.7


def test_only_questions_with_gold_count(tmp_path: Path) -> None:
    parts = [scored(("a", 2), ("b", 1)), scored(("b", 2), ("a", 1))]
    dev = (Labelled("q", {"b": 1}), Labelled("no gold", {}), Labelled("judged, none good", {"a": 0}))
    assert learn(tmp_path, parts, *dev)["dev_questions"] == 1
    with pytest.raises(UserError, match="needs dev questions with gold passages"):
        learn(tmp_path, parts, *dev[1:])


def test_fixed_weights_learn_nothing() -> None:
    hybrid = retrievers.build(retrievers.parse("hybrid"), "en")
    assert isinstance(hybrid, LearningRetriever)
    assert not hybrid.learns


@pytest.mark.parametrize(
    "settings",
    [
        {"weights": "dev", "parts": ["bm25", "bm25", "bm25"]},
        {"weights": "test"},
        {"minima": [0, 0]},
        {"minima": [0], "fusion": "convex"},
    ],
)
def test_fusion_that_cannot_be_meant_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        retrievers.parse({"kind": "hybrid", **settings})


@pytest.mark.parametrize("settings", [{"weights": [1]}, {"weights": [1, 0]}, {"parts": ["bm25"]}, {"k": 0}])
def test_settings_that_cannot_be_meant_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        retrievers.parse({"kind": "hybrid", **settings})
