import logging
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from pipelines.records import Chunk, Hits
from pipelines.retrieval import Search, retrievers

FAKE = {"kind": "langchain", "embeddings": "langchain_core.embeddings.DeterministicFakeEmbedding"}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "chroma"


def chunks(texts: Sequence[str]) -> list[Chunk]:
    return [Chunk(f"c{n}", f"d{n}", 0, len(text), text, text) for n, text in enumerate(texts)]


def index(texts: Sequence[str], folder: Path, kind: str = "chroma", size: int = 32) -> Search:
    """The search over random vectors, one for each distinct text."""
    settings = {"kind": "dense", "index": kind, "embedder": {**FAKE, "options": {"size": size}}}
    retriever = retrievers.build(retrievers.parse(settings), "en")
    folder.mkdir(exist_ok=True)
    retriever.build(chunks(texts), folder)
    return retriever.open(chunks(texts), folder, ())


@pytest.mark.parametrize("kind", ["chroma", "exact"])
def test_scores_are_cosines_best_first(tmp_path: Path, kind: str) -> None:
    texts = [f"text {n}" for n in range(20)]
    (found,) = index(texts, tmp_path / "i", kind)(["text 7"], 5)
    rows = np.load(tmp_path / "i" / "embeddings.npy")
    expected = sorted(rows @ rows[7], reverse=True)[:5]
    assert found.chunk_ids[0] == "c7"
    assert found.scores == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("kind", ["chroma", "exact"])
def test_equal_texts_stand_in_chunk_order(tmp_path: Path, kind: str) -> None:
    texts = ["other", "same", "same", "third", "same"]
    assert index(texts, tmp_path / "i", kind)(["same"], 3)[0].chunk_ids == ("c1", "c2", "c4")


@pytest.mark.parametrize("kind", ["chroma", "exact"])
@pytest.mark.parametrize("texts", [[], ["one"], ["one", "two"]])
def test_depth_beyond_the_chunks_gives_all(tmp_path: Path, kind: str, texts: list[str]) -> None:
    search = index(texts, tmp_path / "i", kind)
    assert [len(found.chunk_ids) for found in search(["one", "two"], 10)] == [len(texts)] * 2
    assert search([], 10) == []


def test_a_depth_beyond_the_width_of_the_graphs_search(tmp_path: Path) -> None:
    search = index([f"text {n}" for n in range(900)], tmp_path / "i")
    assert len(set(search(["query"], 700)[0].chunk_ids)) == 700


def test_chroma_finds_nearly_all_of_the_exact_ten(tmp_path: Path) -> None:
    """Random vectors are the worst case: no neighbourhood helps the graph."""
    texts, queries = [f"text {n}" for n in range(2000)], [f"query {n}" for n in range(50)]
    found = index(texts, tmp_path / "i", size=64)(queries, 10)
    exact = index(texts, tmp_path / "i", "exact", size=64)(queries, 10)
    same = [len({*a.chunk_ids} & {*b.chunk_ids}) / 10 for a, b in zip(found, exact, strict=True)]
    assert sum(same) / len(same) >= 0.98


def test_the_index_holds_vectors_and_nothing_of_chromas(tmp_path: Path, cache: Path) -> None:
    index(["one", "two"], tmp_path / "i")
    assert [path.name for path in (tmp_path / "i").iterdir()] == ["embeddings.npy"]
    assert any(cache.iterdir())


def test_equal_vectors_share_one_graph(tmp_path: Path, cache: Path) -> None:
    index(["one", "two"], tmp_path / "i")
    index(["one", "two"], tmp_path / "j")
    assert len([path for path in cache.iterdir() if path.is_dir()]) == 1
    index(["two", "one"], tmp_path / "k")
    assert len([path for path in cache.iterdir() if path.is_dir()]) == 2


TEXTS = [f"text {n}" for n in range(1100)]
"""More than Chroma keeps outside its graph's files."""


@pytest.mark.parametrize("damage", ["deleted", "unfinished", "database", "graph"])
def test_a_damaged_cache_is_built_anew(
    tmp_path: Path, cache: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = index(TEXTS, tmp_path / "i")(["text 3", "query"], 5)
    (folder,) = (path for path in cache.iterdir() if path.is_dir())
    if damage == "deleted":
        shutil.rmtree(folder)
    elif damage == "unfinished":
        (folder / "index.json").unlink()
    else:
        files = list(folder.glob("*/chroma.sqlite3" if damage == "database" else "*/*/*.bin"))
        assert files
        for path in files:
            path.write_bytes(path.read_bytes()[:50])
    with caplog.at_level(logging.WARNING):
        assert index(TEXTS, tmp_path / "i")(["text 3", "query"], 5) == before
    assert (folder / "index.json").is_file()
    assert ("built anew" in caplog.text) == (damage in ("database", "graph"))


def test_a_graph_too_small_to_be_written_is_not_taken_for_damaged(
    tmp_path: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = index(["one", "two"], tmp_path / "i")(["one"], 2)
    (placeholder,) = cache.glob("*/*/*/data_level0.bin")
    written = bytearray(placeholder.read_bytes())
    written[-8:] = b"whatever"
    placeholder.write_bytes(written)
    with caplog.at_level(logging.WARNING):
        assert index(["one", "two"], tmp_path / "i")(["one"], 2) == before
    assert not caplog.text


@pytest.mark.slow
def test_the_default_finds_what_is_meant(tmp_path: Path) -> None:
    texts = ["The pump leaks at its seal.", "Employees have 30 days of vacation.", "Invoices are paid in 14 days."]
    retriever = retrievers.build(retrievers.parse("dense"), "en")
    assert retriever.build(chunks(texts), tmp_path)["embedding_tokens"] == 29
    search = retriever.open(chunks(texts), tmp_path, ())
    found = search(["How long may I be on holiday?", "When do suppliers get their money?"], 1)
    assert [hits.chunk_ids for hits in found] == [("c1",), ("c2",)]
    assert all(isinstance(hits, Hits) for hits in found)
    assert retriever.identity.endswith((":float32:cpu", ":float32:cuda", ":float32:mps"))
