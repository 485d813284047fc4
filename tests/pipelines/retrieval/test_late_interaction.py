from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import UserError
from pipelines.records import Chunk
from pipelines.retrieval import late_interaction, max_similarity, retrievers
from pipelines.retrieval.token_file import append_tokens, read_tokens


def test_every_query_token_counts_its_nearest_document_token() -> None:
    query = np.array([[1, 0], [0, 1]], dtype=np.float32)
    documents = [np.array([[1, 0]]), np.array([[0.6, 0.8], [0, 1], [0.8, 0.6]]), np.array([[-1, 0], [0, -1]])]
    # 1 + 0; 0.8 + 1; 0 + 0
    assert late_interaction.max_similarity(query, documents) == pytest.approx([1.0, 1.8, 0.0])


def test_no_documents_have_no_scores_and_an_empty_one_is_an_error() -> None:
    query = np.ones((2, 3), dtype=np.float32)
    assert max_similarity.max_similarity(query, []).shape == (0,)
    with pytest.raises(ValueError, match="at least one token"):
        max_similarity.max_similarity(query, [np.ones((0, 3))])


@settings(max_examples=40)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=12), st.integers(1, 6), st.integers(1, 60))
def test_blocks_change_no_score(lengths: list[int], query_tokens: int, most: int) -> None:
    random = np.random.default_rng(sum(lengths))
    query = random.normal(size=(query_tokens, 4)).astype(np.float32)
    documents = [random.normal(size=(length, 4)).astype(np.float32) for length in lengths]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(max_similarity, "_SIMILARITIES", most)
        found = max_similarity.max_similarity(query, documents)
    assert found == pytest.approx([(query @ document.T).max(axis=1).sum() for document in documents], abs=1e-4)


def test_token_vectors_are_appended_and_mapped_back(tmp_path: Path) -> None:
    texts = [np.full((length, 3), length / 8, dtype=np.float32) for length in (2, 1, 4)]
    assert append_tokens(tmp_path, 3, iter([texts[:2], [], texts[2:]])) == 7
    vectors, offsets = read_tokens(tmp_path)
    assert isinstance(vectors, np.memmap)
    assert (vectors.shape, vectors.dtype, offsets.tolist()) == ((7, 3), np.float16, [0, 2, 3, 7])
    assert np.array_equal(vectors, np.concatenate(texts))


def test_an_embedder_without_token_vectors_is_refused() -> None:
    embedder = {"kind": "langchain", "embeddings": "langchain_core.embeddings.DeterministicFakeEmbedding"}
    with pytest.raises(UserError, match="embedder: late_interaction needs the vectors of single tokens"):
        retrievers.build(retrievers.parse({"kind": "late_interaction", "embedder": embedder}), "en")


TEXTS = ["The pump leaks at its seal.", "Employees have 30 days of vacation.", "Invoices are paid in 14 days."]
CHUNKS = [Chunk(f"c{n}", f"d{n}", 0, len(text), text, text) for n, text in enumerate(TEXTS)]
QUERIES = ["How long may I be on holiday?", "When do suppliers get their money?", "leaks"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("index")
    retriever = retrievers.build(retrievers.parse("late_interaction"), "en")
    assert retriever.build(CHUNKS, folder) == {"embedding_tokens": 29.0}
    return folder


@pytest.mark.slow
def test_finds_what_is_meant_by_scores_worked_out_from_the_tokens(built: Path) -> None:
    retriever: Any = retrievers.build(retrievers.parse("late_interaction"), "en")
    found = retriever.open(CHUNKS, built, ())(QUERIES, 3)
    assert [hits.chunk_ids[0] for hits in found] == ["c1", "c2", "c0"]
    documents = retriever.embedder.embed_document_tokens(TEXTS)
    for query, hits in zip(QUERIES, found, strict=True):
        (tokens,) = retriever.embedder.embed_query_tokens([query])
        assert np.linalg.norm(tokens, axis=1) == pytest.approx(1, abs=1e-5)
        expected = {f"c{n}": (tokens @ document.T).max(axis=1).sum() for n, document in enumerate(documents)}
        assert hits.scores == pytest.approx([expected[name] for name in hits.chunk_ids], abs=5e-3)  # float16


@pytest.mark.slow
def test_the_hits_of_a_first_search_alone_are_compared(built: Path, tmp_path: Path) -> None:
    retriever = retrievers.build(retrievers.parse({"kind": "late_interaction", "first": "bm25"}), "en")
    (part,) = retriever.parts
    first = retrievers.build(part, "en")
    first.build(CHUNKS, tmp_path)
    search = retriever.open(CHUNKS, built, [first.open(CHUNKS, tmp_path, ())])
    exhaustive = retrievers.build(retrievers.parse("late_interaction"), "en").open(CHUNKS, built, ())
    (found,), (every,) = search(["days"], 3), exhaustive(["days"], 3)
    assert sorted(found.chunk_ids) == ["c1", "c2"]
    assert (
        dict(zip(found.chunk_ids, found.scores, strict=True)).items()
        <= dict(zip(every.chunk_ids, every.scores, strict=True)).items()
    )
