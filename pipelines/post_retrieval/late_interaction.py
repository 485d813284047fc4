"""Reranking by late interaction: MaxSim of token vectors (ColBERT, Khattab and Zaharia, SIGIR 2020)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field

from pipelines.errors import UserError
from pipelines.post_retrieval import Found, PostProcessor, post_processors
from pipelines.post_retrieval.ordering import by_score
from pipelines.registry import StageConfig
from pipelines.retrieval.embedders import EmbedderField, embedders
from pipelines.retrieval.embedders.embedded import EmbeddedConfig
from pipelines.retrieval.embedders.sentence_transformers import SentenceTransformerEmbedder
from pipelines.tools import Tools

_QUERIES_AT_ONCE = 32
"""The token vectors of so many queries' chunks are held at once: with MiniLM about 200 kB a chunk."""
_DECIMALS = 4
"""Below it lies what sums differ by when equal texts meet other batch mates."""


class LateInteractionConfig(StageConfig):
    """Passages by the similarity of single tokens (MaxSim)."""

    kind: Literal["late_interaction"] = "late_interaction"
    embedder: EmbedderField = Field(
        default=EmbeddedConfig(), description="a sentence-transformers model; best one trained for late interaction"
    )


@post_processors.kind(LateInteractionConfig)
def late_interaction(config: LateInteractionConfig) -> PostProcessor:
    """All chunks in a new order, by ``max_similarity`` of the query with the indexed text; equal ones keep theirs.
    Raises ``UserError`` where the embedder shows no token vectors."""
    embedder = embedders.build(config.embedder)
    if not isinstance(embedder, SentenceTransformerEmbedder):
        raise UserError(
            f"embedder: late_interaction needs the vectors of single tokens, which {config.embedder.kind} does not "
            "give; use embedded or sentence_transformers"
        )

    def rerank(found: Sequence[Found], tools: Tools) -> list[Found]:
        parts = (found[start : start + _QUERIES_AT_ONCE] for start in range(0, len(found), _QUERIES_AT_ONCE))
        return [one for part in parts for one in _rerank(part, embedder)]

    return rerank


def _rerank(found: Sequence[Found], embedder: SentenceTransformerEmbedder) -> list[Found]:
    from pipelines.retrieval.max_similarity import max_similarity

    texts = list(dict.fromkeys(chunk.indexed for one in found for chunk in one.chunks))
    documents = dict(zip(texts, embedder.embed_document_tokens(texts), strict=True))
    queries = embedder.embed_query_tokens([one.query for one in found])
    results = []
    for one, query in zip(found, queries, strict=True):
        scores = max_similarity(query, [documents[chunk.indexed] for chunk in one.chunks])
        results.append(replace(one, chunks=by_score(one.chunks, scores.round(_DECIMALS).tolist())))
    return results
