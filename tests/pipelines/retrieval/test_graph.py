from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from pipelines.errors import UserError
from pipelines.records import Chunk, Hits
from pipelines.retrieval import Search, retrievers
from pipelines.retrieval.entities import Extractor
from pipelines.retrieval.entity_graph import EntityGraph, joined, with_synonyms

NO_WORDS = Extractor(frozenset(), frozenset(), frozenset())


def graph() -> EntityGraph:
    return joined([["kestrel works", "vienna"], ["kestrel works"], []], NO_WORDS)


def test_nodes_are_entities_then_passages() -> None:
    made = graph()
    assert made.names == ("kestrel works", "vienna")
    assert made.passages_naming.tolist() == [2, 1]
    expected = np.zeros((5, 5))
    for entity, passage in [(0, 2), (1, 2), (0, 3)]:
        expected[entity, passage] = expected[passage, entity] = 1
    assert np.array_equal(made.weights.toarray(), expected)


def test_synonyms_are_joined_by_their_cosine(monkeypatch: pytest.MonkeyPatch) -> None:
    made = joined([["a"], ["b"], ["c"]], NO_WORDS)
    vectors = np.array([[1, 0], [0.8, 0.6], [0, 1]], dtype=np.float32)
    for rows in (1, 2, 1024):
        monkeypatch.setattr("pipelines.retrieval.entity_graph._ROWS_AT_ONCE", rows)
        between = with_synonyms(made, vectors, 0.7).weights.toarray()[:3, :3]
        assert between == pytest.approx(np.array([[0, 0.8, 0], [0.8, 0, 0], [0, 0, 0]]), abs=1e-6)
    assert with_synonyms(made, vectors, 0.9).weights.nnz == made.weights.nnz


def test_a_query_mentions_entities_in_any_case_and_names_nobody_knows() -> None:
    known, unknown = graph().mentioned("was kestrel works in VIENNA or in Ulm?")
    assert (known, unknown) == ({0, 1}, ["ulm"])


def test_a_graph_is_written_without_pickles_and_read_back(tmp_path: Path) -> None:
    words = Extractor(frozenset({"the"}), frozenset({"pump"}), frozenset({"seal"}))
    made = joined([["seal"], []], words)
    made.save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["entities.json", "graph.npz"]
    read = EntityGraph.load(tmp_path)
    assert (read.names, read.extract) == (made.names, words)
    assert np.array_equal(read.weights.toarray(), made.weights.toarray())


TEXTS = [
    "Ada Lovelace lived at Ockham Park.",
    "roofs are of slate.",
    "The gates of Ockham Park are red.",
    "slate is grey.",
]
CHUNKS = [Chunk(f"c{n}", f"d{n}", 0, len(text), text, text) for n, text in enumerate(TEXTS)]


def near(*hits: tuple[str, float]) -> Search:
    def search(queries: Sequence[str], depth: int) -> list[Hits]:
        return [Hits(tuple(name for name, _ in hits), tuple(score for _, score in hits))] * len(queries)

    return search


def search(folder: Path, part: Search, query: str, **settings: object) -> Hits:
    retriever = retrievers.build(retrievers.parse({"kind": "graph", **settings}), "en")
    retriever.build(CHUNKS, folder)
    (found,) = retriever.open(CHUNKS, folder, [part])([query], 10)
    return found


def test_a_second_hop_is_found_through_a_shared_entity(tmp_path: Path) -> None:
    """The walk starts at Ada Lovelace (node A), whose only edge leads to c0, from there to A and Ockham Park (O), and
    on to c2. With damping 1/2: A = 1/2 + c0/4, c0 = A/2 + O/4, O = c0/4 + c2/2, c2 = O/4."""
    found = search(tmp_path, near(), "Where did Ada Lovelace live?")
    matrix = np.array([[1, -1 / 4, 0, 0], [-1 / 2, 1, -1 / 4, 0], [0, -1 / 4, 1, -1 / 2], [0, 0, -1 / 4, 1]])
    _, first, _, second = np.linalg.solve(matrix, [1 / 2, 0, 0, 0])
    assert found.chunk_ids == ("c0", "c2")
    assert found.scores == pytest.approx((first, second), abs=1e-5)


def test_without_entities_the_walk_starts_at_passages_by_their_scaled_scores(tmp_path: Path) -> None:
    found = search(tmp_path, near(("c1", 0.9), ("c3", 0.6), ("c0", 0.3)), "what is it made of?")
    # 1, 1/2 and 0 of 3/2. c1 and c3 name no entity, so each keeps (1 - damping) of its start.
    assert found == Hits(("c1", "c3"), (pytest.approx(1 / 3), pytest.approx(1 / 6)))


def test_entities_and_passages_share_the_starts(tmp_path: Path) -> None:
    alone = search(tmp_path, near(), "Ada Lovelace?")
    found = search(tmp_path, near(("c1", 0.9)), "Ada Lovelace?", passage_weight=0.4)
    scores = dict(zip(found.chunk_ids, found.scores, strict=True))
    assert scores["c1"] == pytest.approx(0.4 / 2)
    assert scores["c0"] == pytest.approx(0.6 * alone.scores[0])


def test_a_title_does_not_run_on_into_the_text(tmp_path: Path) -> None:
    chunk = Chunk("c", "d", 0, 24, "Ockham Park has red gates.", "Ada Lovelace Ockham Park has red gates.")
    retrievers.build(retrievers.parse("graph"), "en").build([chunk], tmp_path)
    assert EntityGraph.load(tmp_path).names == ("ada lovelace", "ockham park")


@pytest.mark.slow
def test_synonymy_lets_a_query_name_an_entity_otherwise(tmp_path: Path) -> None:
    assert search(tmp_path, near(), "Who was Lady Ada Lovelace King?").chunk_ids == ("c0", "c2")
    assert search(tmp_path, near(), "Where is Ockham Parc?") == Hits((), ())
    found = search(tmp_path, near(), "Where is Ockham Parc?", synonymy=0.6)
    assert set(found.chunk_ids) == {"c0", "c2"}


@pytest.mark.slow
def test_entities_of_another_embedder_are_refused(tmp_path: Path) -> None:
    search(tmp_path, near(), "Ada", synonymy=0.9)
    fake = {"kind": "langchain", "embeddings": "langchain_core.embeddings.DeterministicFakeEmbedding"}
    other = retrievers.build(retrievers.parse({"kind": "graph", "synonymy": 0.9, "embedder": fake}), "en")
    with pytest.raises(UserError, match="embedder: the index was made with"):
        other.open(CHUNKS, tmp_path, [near()])
