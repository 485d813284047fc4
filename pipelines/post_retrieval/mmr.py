"""Maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998).

Not langchain-core's: it compares cosines to their last bit, which depends on what else was embedded at the same time.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from pipelines.post_retrieval import Found, PostProcessor, post_processors
from pipelines.registry import StageConfig
from pipelines.retrieval.embedders import EmbedderField, embedders
from pipelines.retrieval.embedders.embedded import EmbeddedConfig
from pipelines.tools import Tools

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

_DECIMALS = 5
"""What is compared is rounded to this: below it lies what float32 sums in another batch differ by."""


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
        from pipelines.retrieval.vector_memory import embed_documents

        texts = [chunk.indexed for one in found for chunk in one.chunks]
        if not texts:
            return list(found)
        vectors, _ = embed_documents(embedder, texts)
        queries = embedder.embed_queries([one.query for one in found])
        results, start = [], 0
        for one, query in zip(found, queries, strict=True):
            rows = vectors[start : start + len(one.chunks)]
            start += len(rows)
            order = _diversified(rows @ query, rows @ rows.T, config.weight)
            results.append(replace(one, chunks=tuple(one.chunks[place] for place in order)))
        return results

    return diversify


def _diversified(near: "NDArray[float32]", alike: "NDArray[float32]", weight: float) -> list[int]:
    """Positions in the new order, from cosines with the query (chunks,) and with each other (chunks, chunks)."""
    order: list[int] = []
    left = list(range(len(near)))
    while left:
        repeats = alike[left][:, order].max(axis=1) if order else 0.0
        values = (weight * near[left] - (1 - weight) * repeats).round(_DECIMALS)
        order.append(left.pop(int(values.argmax())))
    return order
