"""Search by embedding: the chunks whose vectors point the query's way by their cosine (Karpukhin et al. 2020).

The vectors are the truth and lie in the store as ``embeddings.npy``. Chroma's HNSW graph over them is a cache: it is
built when the index is opened for the first time and kept in the cache folder, never in the store, or on a Chroma
server. It proposes candidates, which are scored again from the vectors; so scores are exact and equal ones stand in
chunk order. Vectors are written and read block by block: a large corpus is never held in memory twice.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from pipelines.records import Chunk, Hits
from pipelines.registry import StageConfig
from pipelines.retrieval import Retriever, Search, retrievers
from pipelines.retrieval.chroma import Propose, open_chroma, open_server
from pipelines.retrieval.embedders import Embedder, EmbedderField, embedders
from pipelines.retrieval.embedders.embedded import EmbeddedConfig
from pipelines.retrieval.made_with import check_dimension, check_embedder, record_embedder
from pipelines.retrieval.ranking import best, hits
from pipelines.retrieval.vector_memory import embed_documents

if TYPE_CHECKING:
    from numpy import dtype, float32, memmap
    from numpy.typing import NDArray

_FILE = "embeddings.npy"
_QUERIES_AT_ONCE = 64
_TEXTS_AT_ONCE = 8192
_DECIMALS = 6
"""Cosines are rounded to this: below it lies what float32 sums differ by when equal texts meet other batch mates."""

Nearest = Callable[["NDArray[float32]", int], list[Hits]]
"""Unit rows of queries, shape (queries, dimension), and a depth in; hits of each."""


class VectorSearchConfig(StageConfig):
    """Where vectors are searched."""

    index: Literal["chroma", "exact"] = Field(
        default="chroma", description="chroma searches an HNSW graph, exact compares every vector"
    )
    server: str | None = Field(
        default=None,
        pattern=r"^https?://[^/\s]+$",
        description="a Chroma server such as http://127.0.0.1:8000, in place of a graph in the cache folder",
    )

    @model_validator(mode="after")
    def _server_searches(self) -> Self:
        if self.server and self.index == "exact":
            raise ValueError("server: index exact compares every vector here; leave out one of the two")
        return self


class DenseConfig(VectorSearchConfig):
    """Search by embedding, in Chroma."""

    kind: Literal["dense"] = "dense"
    embedder: EmbedderField = Field(default=EmbeddedConfig(), description="the model that embeds chunks and queries")


@dataclass(frozen=True)
class Dense:
    """Dense retrieval with one embedder."""

    config: VectorSearchConfig
    embedder: Embedder

    parts = ()

    @property
    def identity(self) -> str:
        """The embedder's."""
        return self.embedder.identity

    def build(self, chunks: Sequence[Chunk], folder: Path) -> Mapping[str, float]:
        """Write ``embeddings.npy``: float32, shape (chunks, dimension), unit rows. ``reused_seconds`` are those of
        embedding that this process had done before, for another index."""
        record_embedder(self.embedder, folder)
        vectors = vector_file(folder, (len(chunks), self.embedder.dimension))
        tokens, reused = 0, 0.0
        for start in range(0, len(chunks), _TEXTS_AT_ONCE):
            texts = [chunk.indexed for chunk in chunks[start : start + _TEXTS_AT_ONCE]]
            rows, saved = embed_documents(self.embedder, texts)
            vectors[start : start + len(texts)] = rows
            tokens, reused = tokens + sum(self.embedder.count_tokens(texts)), reused + saved
        vectors.flush()
        return {"embedding_tokens": float(tokens), "reused_seconds": reused}

    def open(self, chunks: Sequence[Chunk], folder: Path, parts: Sequence[Search]) -> Search:
        """The search over the vectors in ``folder``; builds Chroma's graph where the cache or server has none. Raises
        ``UserError`` where the vectors are another embedder's, now or at the first query."""
        nearest = self.open_vectors(chunks, folder)

        def search(queries: Sequence[str], depth: int) -> list[Hits]:
            found: list[Hits] = []
            for start in range(0, len(queries) if chunks else 0, _QUERIES_AT_ONCE):
                found += nearest(self.embedder.embed_queries(queries[start : start + _QUERIES_AT_ONCE]), depth)
            return found or [Hits((), ())] * len(queries)

        return search

    def open_vectors(self, chunks: Sequence[Chunk], folder: Path) -> Nearest:
        """As ``open``, for queries that are vectors already."""
        import numpy as np

        check_embedder(self.embedder, folder)
        vectors: NDArray[float32] = np.load(folder / _FILE, mmap_mode="r" if chunks else None, allow_pickle=False)
        ids = [chunk.id for chunk in chunks]
        propose = self._propose(vectors) if ids else None

        def nearest(rows: "NDArray[float32]", depth: int) -> list[Hits]:
            if not ids:
                return [Hits((), ())] * len(rows)
            check_dimension(vectors.shape[1], rows.shape[1])
            if propose is None:
                return [_rank(ids, vectors, row, depth) for row in rows]
            return [
                _rank([ids[position] for position in some], vectors[some], row, depth)
                for row, some in zip(rows, propose(rows, depth), strict=True)
            ]

        return nearest

    def _propose(self, vectors: "NDArray[float32]") -> Propose | None:
        if self.config.server:
            return open_server(vectors, self.config.server)
        return open_chroma(vectors) if self.config.index == "chroma" else None


def vector_file(folder: Path, shape: tuple[int, int], name: str = _FILE) -> "memmap[Any, dtype[float32]]":
    """A file of float32 rows below ``folder``, mapped to be written; ``flush`` it in the end."""
    import numpy as np

    if shape[0]:
        return np.lib.format.open_memmap(folder / name, mode="w+", dtype=np.float32, shape=shape)
    rows = np.zeros(shape, dtype=np.float32)  # an empty file cannot be mapped
    np.save(folder / name, rows, allow_pickle=False)
    return rows.view(np.memmap)


def _rank(ids: Sequence[str], vectors: "NDArray[float32]", query: "NDArray[float32]", depth: int) -> Hits:
    cosines = (vectors @ query).round(_DECIMALS)
    return hits(ids, best(cosines, depth), cosines)


@retrievers.kind(DenseConfig)
def dense(config: DenseConfig, language: str) -> Retriever:
    """The language plays no part: it is the embedder's own matter."""
    return Dense(config, embedders.build(config.embedder))
