"""Near copies leave: a chunk that says what a better one says takes room and adds nothing."""

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


class RedundancyConfig(StageConfig):
    """Chunks leave that are nearly the same as a better one."""

    kind: Literal["redundancy"] = "redundancy"
    threshold: float = Field(
        default=0.9, gt=0, le=1, description="cosine with a better chunk from which on a chunk is left out"
    )
    embedder: EmbedderField = Field(default=EmbeddedConfig(), description="model whose cosines are compared")


@post_processors.kind(RedundancyConfig)
def redundancy(config: RedundancyConfig) -> PostProcessor:
    """From the best chunk on, keeps those whose cosine with every chunk kept before is below ``threshold``. What is
    compared is the text a model reads, without titles."""
    embedder = embedders.build(config.embedder)

    def thin(found: Sequence[Found], tools: Tools) -> list[Found]:
        from pipelines.retrieval.vector_memory import embed_documents

        texts = [chunk.text for one in found for chunk in one.chunks]
        if not texts:
            return list(found)
        vectors, _ = embed_documents(embedder, texts)
        results, start = [], 0
        for one in found:
            rows = vectors[start : start + len(one.chunks)]
            start += len(rows)
            kept = _distinct(rows, config.threshold)
            results.append(replace(one, chunks=tuple(one.chunks[place] for place in kept)))
        return results

    return thin


_ROUNDING = 1e-6
"""The cosine of two equal texts may come out this much below 1."""


def _distinct(rows: "NDArray[float32]", threshold: float) -> list[int]:
    """Positions of the kept ``rows``, unit vectors of shape (chunks, dimension)."""
    cosines = rows @ rows.T
    kept: list[int] = []
    for place in range(len(rows)):
        if all(cosines[place, earlier] < threshold - _ROUNDING for earlier in kept):
            kept.append(place)
    return kept
