"""Late interaction: every token of a query looks for its nearest token in a chunk (ColBERT, Khattab and Zaharia 2020).

Any sentence-transformers model gives token vectors. The default, MiniLM, was not trained for this score, and no ColBERT
weights are installed; name a model trained for it (its folder) where there is one, which does better. Two bytes a
number are kept: 768 a token with MiniLM, about a hundred times a dense index. The index stays on disk; without
``first`` a search reads all of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from pipelines.errors import UserError
from pipelines.records import Chunk, Hits
from pipelines.registry import StageConfig
from pipelines.retrieval import Retriever, RetrieverField, Search, retrievers
from pipelines.retrieval.embedders import EmbedderField, embedders
from pipelines.retrieval.embedders.embedded import EmbeddedConfig
from pipelines.retrieval.embedders.sentence_transformers import SentenceTransformerEmbedder
from pipelines.retrieval.made_with import check_dimension, check_embedder, record_embedder
from pipelines.retrieval.max_similarity import blocks, max_similarity, score_block
from pipelines.retrieval.ranking import best, hits
from pipelines.retrieval.token_file import append_tokens, read_tokens

if TYPE_CHECKING:
    from numpy import float16, float32, int64
    from numpy.typing import NDArray

__all__ = ["LateInteraction", "LateInteractionConfig", "max_similarity"]

_TEXTS_AT_ONCE = 256
_QUERIES_AT_ONCE = 16
_DECIMALS = 4
"""Scores are rounded to this: below it lies what sums differ by when equal texts meet other batch mates."""


class LateInteractionConfig(StageConfig):
    """Search by the similarity of single tokens (MaxSim)."""

    kind: Literal["late_interaction"] = "late_interaction"
    embedder: EmbedderField = Field(
        default=EmbeddedConfig(), description="a sentence-transformers model; best one trained for late interaction"
    )
    first: RetrieverField | None = Field(
        default=None, description="a retriever whose hits alone are compared; none: every chunk is"
    )
    candidates: int = Field(
        default=100, ge=1, description="hits of first that are compared, never fewer than asked for"
    )


@dataclass(frozen=True)
class LateInteraction:
    """MaxSim over the token vectors of one model."""

    config: LateInteractionConfig
    embedder: SentenceTransformerEmbedder

    @property
    def parts(self) -> tuple[StageConfig, ...]:
        """The retriever that finds candidates, where there is one."""
        return (self.config.first,) if self.config.first else ()

    @property
    def identity(self) -> str:
        """The embedder's."""
        return self.embedder.identity

    def build(self, chunks: Sequence[Chunk], folder: Path) -> Mapping[str, float]:
        """Write the token vectors, float16, shape (tokens, dimension), and where each chunk's begin; both ``.npy``."""
        record_embedder(self.embedder, folder)
        parts = (chunks[start : start + _TEXTS_AT_ONCE] for start in range(0, len(chunks), _TEXTS_AT_ONCE))
        vectors = (self.embedder.embed_document_tokens([chunk.indexed for chunk in part]) for part in parts)
        tokens = append_tokens(folder, self.embedder.dimension, vectors)
        return {"embedding_tokens": float(tokens)}

    def open(self, chunks: Sequence[Chunk], folder: Path, parts: Sequence[Search]) -> Search:
        """The search over the vectors in ``folder``. Raises ``UserError`` where they are another embedder's, now or at
        the first query."""
        check_embedder(self.embedder, folder)
        vectors, offsets = read_tokens(folder)
        ids = [chunk.id for chunk in chunks]
        place = {name: number for number, name in enumerate(ids)}

        def search(queries: Sequence[str], depth: int) -> list[Hits]:
            if not ids:
                return [Hits((), ())] * len(queries)
            found: list[Hits] = []
            for start in range(0, len(queries), _QUERIES_AT_ONCE):
                texts = queries[start : start + _QUERIES_AT_ONCE]
                asked = self.embedder.embed_query_tokens(texts)
                check_dimension(vectors.shape[1], asked[0].shape[1])
                if not parts:
                    found += [_ranked(ids, scores, depth) for scores in _all_scores(asked, vectors, offsets)]
                    continue
                first = parts[0](texts, max(depth, self.config.candidates))
                for tokens, candidates in zip(asked, first, strict=True):
                    names = sorted(candidates.chunk_ids, key=place.__getitem__)
                    documents = [vectors[offsets[place[n]] : offsets[place[n] + 1]] for n in names]
                    found.append(_ranked(names, max_similarity(tokens, documents), depth))
            return found

        return search


def _all_scores(
    queries: "Sequence[NDArray[float32]]", vectors: "NDArray[float16]", offsets: "NDArray[int64]"
) -> "Iterator[NDArray[float32]]":
    """The scores of every chunk, one row a query; the vectors are read once for all queries."""
    import numpy as np

    joined = np.concatenate(queries)
    starts = np.cumsum([0, *map(len, queries)])[:-1]
    scores = np.zeros((len(queries), len(offsets) - 1), dtype=np.float32)
    for start, stop in blocks(offsets, len(joined)):
        tokens = vectors[offsets[start] : offsets[stop]]
        scores[:, start:stop] = score_block(joined, starts, tokens, offsets[start : stop + 1] - offsets[start])
    yield from scores


def _ranked(ids: Sequence[str], scores: "NDArray[float32]", depth: int) -> Hits:
    scores = scores.round(_DECIMALS)
    return hits(ids, best(scores, depth), scores)


@retrievers.kind(LateInteractionConfig)
def late_interaction(config: LateInteractionConfig, language: str) -> Retriever:
    """Raises ``UserError`` where the embedder shows no token vectors."""
    embedder = embedders.build(config.embedder)
    if not isinstance(embedder, SentenceTransformerEmbedder):
        raise UserError(
            f"embedder: late_interaction needs the vectors of single tokens, which {config.embedder.kind} does not "
            "give; use embedded or sentence_transformers"
        )
    return LateInteraction(config, embedder)
