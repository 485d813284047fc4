import logging
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from pipelines.errors import UserError
from pipelines.records import Chunk, Hits
from pipelines.retrieval import Retriever, Search, retrievers

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
    assert sorted(path.name for path in (tmp_path / "i").iterdir()) == ["embedder.json", "embeddings.npy"]
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


def dense(**settings: object) -> Retriever:
    return retrievers.build(retrievers.parse({"kind": "dense", **settings}), "en")


def test_an_index_of_another_embedder_is_refused(tmp_path: Path) -> None:
    index(["one", "two"], tmp_path / "i", size=32)
    other = dense(embedder={**FAKE, "options": {"size": 16}})
    with pytest.raises(UserError, match=r"the index was made with .*DeterministicFakeEmbedding"):
        other.open(chunks(["one", "two"]), tmp_path / "i", ())


def test_queries_of_another_dimension_are_refused(tmp_path: Path) -> None:
    index(["one", "two"], tmp_path / "i", "exact", size=32)
    np.save(tmp_path / "i" / "embeddings.npy", np.ones((2, 16), dtype=np.float32))
    settings = {"index": "exact", "embedder": {**FAKE, "options": {"size": 32}}}
    reopened = dense(**settings).open(chunks(["one", "two"]), tmp_path / "i", ())
    with pytest.raises(UserError, match="vectors of 16 numbers, the queries' have 32"):
        reopened(["one"], 1)


def test_blocks_give_the_vectors_of_one_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"text {n % 7}" for n in range(10)]
    index(texts, tmp_path / "whole", "exact")
    monkeypatch.setattr("pipelines.retrieval.dense._TEXTS_AT_ONCE", 3)
    index(texts, tmp_path / "blocks", "exact")
    whole, blocks = (np.load(tmp_path / name / "embeddings.npy") for name in ("whole", "blocks"))
    assert whole.shape == (10, 32)
    assert np.array_equal(whole, blocks)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Chroma server on a free port of this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    chroma = Path(sys.executable).with_name("chroma")
    command = [chroma, "run", "--path", tmp_path_factory.mktemp("server"), "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            assert process.poll() is None, "chroma run ended"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def on_server(server: str, texts: Sequence[str], folder: Path) -> Search:
    retriever = dense(server=server, embedder={**FAKE, "options": {"size": 32}})
    folder.mkdir(exist_ok=True)
    retriever.build(chunks(texts), folder)
    return retriever.open(chunks(texts), folder, ())


def test_a_server_finds_what_the_cache_finds(tmp_path: Path, server: str, cache: Path) -> None:
    texts = [f"text {n % 190}" for n in range(200)]
    found = on_server(server, texts, tmp_path / "i")(["text 7", "query"], 20)
    assert not cache.exists()
    assert found == index(texts, tmp_path / "j", "exact")(["text 7", "query"], 20)


def test_a_collection_is_found_again_and_one_cut_short_is_completed(tmp_path: Path, server: str) -> None:
    import chromadb

    client = chromadb.HttpClient(port=int(server.rpartition(":")[2]), host="127.0.0.1")
    before = {collection.name for collection in client.list_collections()}
    texts = [f"mine {n}" for n in range(10)]
    expected = on_server(server, texts, tmp_path / "i")(["mine 3"], 3)
    on_server(server, texts, tmp_path / "j")
    (name,) = {collection.name for collection in client.list_collections()} - before
    client.get_collection(name, embedding_function=None).delete(ids=["3", "4"])
    assert on_server(server, texts, tmp_path / "k")(["mine 3"], 3) == expected
    assert client.get_collection(name, embedding_function=None).count() == 10


def test_no_server_is_one_line_for_the_user(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"server: http://127\.0\.0\.1:9 does not serve Chroma") as caught:
        on_server("http://127.0.0.1:9", ["one"], tmp_path / "i")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("settings", [{"server": "127.0.0.1"}, {"server": "http://a:1", "index": "exact"}])
def test_a_server_that_cannot_be_meant_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="server"):
        dense(**settings)


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
