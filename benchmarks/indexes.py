"""The indexes that ``index_scaling.py`` measures: ours through the public factories, and bm25s used directly."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from benchmarks.vectors import DIMENSION, clustered
from pipelines.corpus import datasets
from pipelines.pre_retrieval.chunking import chunkers
from pipelines.records import Chunk, Hits, Question
from pipelines.registry import StageConfig
from pipelines.retrieval import retrievers
from pipelines.retrieval.embedders import Embedder, embedders

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

DEPTH = 10
QUERIES = 160
Found = list[tuple[float, ...]]
"""For each query the scores of what was found, best first."""


@dataclass(frozen=True)
class Contestant:
    """One kind of index over one corpus. ``build`` writes it to disk and returns what it counted, ``open`` loads it and
    returns the search."""

    queries: Sequence[str]
    build: Callable[[], float]
    open: Callable[[], Callable[[Sequence[str]], Found]]


def passages(size: int) -> tuple[list[Chunk], list[Question]]:
    """The built-in dataset with ``size`` documents, each one passage, and its test questions."""
    dataset = datasets.build(datasets.parse({"kind": "builtin", "documents": size}))()
    chunks = chunkers.build(chunkers.parse("whole_document"))(dataset.documents)
    return list(chunks), list(dataset.split("test"))[:QUERIES]


def ours(settings: Mapping[str, Any], chunks: Sequence[Chunk], queries: Sequence[str], folder: Path) -> Contestant:
    """One of the project's retrievers. Callers import its library first, so that no import is timed."""
    retriever = retrievers.build(retrievers.parse(settings), "en")

    def scores(hits: Sequence[Hits]) -> Found:
        return [one.scores for one in hits]

    def opened() -> Callable[[Sequence[str]], Found]:
        search = retriever.open(chunks, folder, [])
        return lambda queries: scores(search(queries, DEPTH))

    return Contestant(queries, lambda: retriever.build(chunks, folder).get("words", 0.0), opened)


def bm25(size: int, folder: Path) -> Contestant:
    """The project's BM25."""
    import bm25s  # noqa: F401
    import Stemmer  # noqa: F401

    chunks, questions = passages(size)
    return ours({"kind": "bm25"}, chunks, [question.text for question in questions], folder)


def bm25s_direct(size: int, folder: Path) -> Contestant:
    """bm25s as its manual uses it: tokenize to ids, index, save; load, tokenize, retrieve. Settings as ours."""
    import bm25s
    import Stemmer
    from bm25s.stopwords import STOPWORDS_EN_PLUS

    chunks, questions = passages(size)
    texts = [chunk.indexed for chunk in chunks]

    def words(texts: Sequence[str], ids: bool) -> Any:
        return bm25s.tokenize(
            list(texts),
            token_pattern=r"(?u)\b\w+\b",
            stopwords=sorted({*STOPWORDS_EN_PLUS} - {*"dmoy"}),
            stemmer=Stemmer.Stemmer("english"),
            return_ids=ids,
            show_progress=False,
        )

    def build() -> float:
        index = bm25s.BM25(k1=1.2, b=0.75, method="lucene")
        tokens = words(texts, ids=True)
        index.index(tokens, show_progress=False)
        index.save(str(folder))
        return float(sum(map(len, tokens.ids)))

    def opened() -> Callable[[Sequence[str]], Found]:
        index = bm25s.BM25.load(str(folder), load_corpus=False)

        def search(queries: Sequence[str]) -> Found:
            found = index.retrieve(words(queries, ids=False), k=DEPTH, show_progress=False)
            return [tuple(map(float, row[row > 0])) for row in found.scores]

        return search

    return Contestant([question.text for question in questions], build, opened)


class GivenVectorsConfig(StageConfig):
    """Vectors made beforehand, for the benchmark alone: a text is the number of its row."""

    kind: Literal["given_vectors"] = "given_vectors"
    size: int


@dataclass(frozen=True)
class GivenVectors:
    """Documents are rows of one random draw around 1,000 centres, queries of another."""

    documents: "NDArray[float32]"
    queries: "NDArray[float32]"

    name = identity = "given"
    dimension = DIMENSION

    def embed_documents(self, texts: Sequence[str]) -> "NDArray[float32]":
        """Rows by number."""
        return self.documents[list(map(int, texts))]

    def embed_queries(self, texts: Sequence[str]) -> "NDArray[float32]":
        """Rows by number."""
        return self.queries[list(map(int, texts))]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """None are read."""
        return [0] * len(texts)


def given_vectors(config: GivenVectorsConfig) -> Embedder:
    """The vectors for one size."""
    return GivenVectors(clustered(config.size, seed=1), clustered(QUERIES, seed=2))


def dense(index: str) -> Callable[[int, Path], Contestant]:
    """The project's dense retriever over given vectors."""

    def made(size: int, folder: Path) -> Contestant:
        embedders.kind(GivenVectorsConfig)(given_vectors)  # here, as an import must not add a kind
        if index == "chroma":
            import chromadb  # noqa: F401
        os.environ["ASSAY_CACHE"] = str(folder / "cache")  # Chroma's graph lies in the cache folder
        chunks = [Chunk(f"{row}", "", 0, 0, "", f"{row}") for row in range(size)]
        settings = {"kind": "dense", "index": index, "embedder": {"kind": "given_vectors", "size": size}}
        return ours(settings, chunks, [f"{row}" for row in range(QUERIES)], folder)

    return made


CONTESTANTS: dict[str, Callable[[int, Path], Contestant]] = {
    "bm25": bm25,
    "bm25s": bm25s_direct,
    "exact": dense("exact"),
    "chroma": dense("chroma"),
}
