"""Search by embedding: the chunks whose vectors point the query's way (cosine).

The vectors are the truth and lie in the store as ``embeddings.npy``. Chroma's HNSW graph over them is a cache: it is
built when the index is opened for the first time and kept in the cache folder, never in the store. It proposes
candidates, which are scored again from the vectors; so scores are exact and equal ones stand in chunk order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from pipelines.records import Chunk, Hits
from pipelines.registry import StageConfig
from pipelines.retrieval import Retriever, Search, retrievers
from pipelines.retrieval.chroma import open_chroma
from pipelines.retrieval.embedders import Embedder, EmbedderField, embedders
from pipelines.retrieval.embedders.embedded import EmbeddedConfig
from pipelines.retrieval.ranking import best, hits
from pipelines.retrieval.vector_memory import embed_documents

if TYPE_CHECKING:
    from numpy import float32, intp
    from numpy.typing import NDArray

_FILE = "embeddings.npy"
_QUERIES_AT_ONCE = 64
_DECIMALS = 6
"""Cosines are rounded to this: below it lies what float32 sums differ by when equal texts meet other batch mates."""


class DenseConfig(StageConfig):
    """Search by embedding, in Chroma."""

    kind: Literal["dense"] = "dense"
    embedder: EmbedderField = Field(default=EmbeddedConfig(), description="the model that embeds chunks and queries")
    index: Literal["chroma", "exact"] = Field(
        default="chroma", description="chroma searches an HNSW graph, exact compares every vector"
    )


@dataclass(frozen=True)
class Dense:
    """Dense retrieval with one embedder."""

    config: DenseConfig
    embedder: Embedder

    parts = ()

    @property
    def identity(self) -> str:
        """The embedder's."""
        return self.embedder.identity

    def build(self, chunks: Sequence[Chunk], folder: Path) -> Mapping[str, float]:
        """Write ``embeddings.npy``: float32, shape (chunks, dimension), unit rows. ``reused_seconds`` are those of
        embedding that this process had done before, for another index."""
        import numpy as np

        texts = [chunk.indexed for chunk in chunks]
        vectors, saved = embed_documents(self.embedder, texts)
        np.save(folder / _FILE, vectors, allow_pickle=False)
        return {"embedding_tokens": float(sum(self.embedder.count_tokens(texts))), "reused_seconds": saved}

    def open(self, chunks: Sequence[Chunk], folder: Path, parts: Sequence[Search]) -> Search:
        """The search over the vectors in ``folder``; builds Chroma's graph where the cache has none."""
        import numpy as np

        vectors: NDArray[float32] = np.load(folder / _FILE, allow_pickle=False)
        ids = [chunk.id for chunk in chunks]
        propose = open_chroma(vectors) if self.config.index == "chroma" and ids else None

        def search(queries: Sequence[str], depth: int) -> list[Hits]:
            found: list[Hits] = []
            for start in range(0, len(queries) if ids else 0, _QUERIES_AT_ONCE):
                rows = self.embedder.embed_queries(queries[start : start + _QUERIES_AT_ONCE])
                candidates = propose(rows, depth) if propose else [np.arange(len(ids))] * len(rows)
                found += [_rank(ids, vectors, row, some, depth) for row, some in zip(rows, candidates, strict=True)]
            return found or [Hits((), ())] * len(queries)

        return search


def _rank(
    ids: Sequence[str], vectors: "NDArray[float32]", query: "NDArray[float32]", candidates: "NDArray[intp]", depth: int
) -> Hits:
    cosines = (vectors[candidates] @ query).round(_DECIMALS)
    return hits([ids[position] for position in candidates], best(cosines, depth), cosines)


@retrievers.kind(DenseConfig)
def dense(config: DenseConfig, language: str) -> Retriever:
    """The language plays no part: it is the embedder's own matter."""
    return Dense(config, embedders.build(config.embedder))
