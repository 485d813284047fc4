"""Maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998), by langchain-core."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field

from pipelines.post_retrieval import Found, PostProcessor, post_processors
from pipelines.registry import StageConfig
from pipelines.retrieval.embedders import EmbedderField, embedders
from pipelines.retrieval.embedders.embedded import EmbeddedConfig
from pipelines.tools import Tools


class MMRConfig(StageConfig):
    """Maximal marginal relevance: near the query, unlike the chunks before."""

    kind: Literal["mmr"] = "mmr"
    weight: float = Field(default=0.7, ge=0, le=1, description="1 counts relevance alone, 0 novelty alone")
    embedder: EmbedderField = Field(default=EmbeddedConfig(), description="model whose cosines are compared")


@post_processors.kind(MMRConfig)
def mmr(config: MMRConfig) -> PostProcessor:
    """All chunks in a new order. The next is always the one with the largest

    weight * cos(chunk, query) - (1 - weight) * max over the chunks before of cos(chunk, earlier);

    of equal ones the one found first. What is compared is the indexed text, as in dense retrieval."""
    embedder = embedders.build(config.embedder)

    def diversify(found: Sequence[Found], tools: Tools) -> list[Found]:
        from langchain_core.vectorstores.utils import maximal_marginal_relevance

        from pipelines.retrieval.vector_memory import embed_documents

        texts = [chunk.indexed for one in found for chunk in one.chunks]
        if not texts:
            return list(found)
        vectors, _ = embed_documents(embedder, texts)
        queries = embedder.embed_queries([one.query for one in found])
        results, start = [], 0
        for one, query in zip(found, queries, strict=True):
            rows = list(vectors[start : start + len(one.chunks)])
            start += len(rows)
            order = maximal_marginal_relevance(query, rows, lambda_mult=config.weight, k=len(rows))
            results.append(replace(one, chunks=tuple(one.chunks[place] for place in order)))
        return results

    return diversify
