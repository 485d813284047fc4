"""Auto-merging (LlamaIndex' ``AutoMergingRetriever``): where much of a larger passage was found, it is read whole."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field

from pipelines.post_retrieval import Found, PostProcessor, post_processors
from pipelines.post_retrieval.widening import widened
from pipelines.records import Chunk, Span
from pipelines.registry import StageConfig
from pipelines.tools import Passages, Tools


class ParentsConfig(StageConfig):
    """The larger passage in place of its chunks, where enough of them were found."""

    kind: Literal["parents"] = "parents"
    share: float = Field(
        default=0.5, gt=0, le=1, description="share of a larger passage's chunks from which on it replaces them"
    )


@post_processors.kind(ParentsConfig)
def parents(config: ParentsConfig) -> PostProcessor:
    """The larger passage stands at the rank of its best found chunk. Chunks without one (their chunker is not
    hierarchical) and passages of which too little was found stay as they are."""

    def merge(found: Sequence[Found], tools: Tools) -> list[Found]:
        leaves = _leaves(tools.passages)
        return [replace(one, chunks=_merge(one.chunks, leaves, config.share, tools.passages)) for one in found]

    return merge


def _leaves(passages: Passages) -> Mapping[Span, int]:
    """How many chunks each larger passage was cut into."""
    return Counter(
        parent for chunks in passages.by_document.values() for chunk in chunks if (parent := _parent(chunk)) is not None
    )


def _parent(chunk: Chunk) -> Span | None:
    return Span(chunk.document_id, *chunk.parent) if chunk.parent else None


def _merge(chunks: Sequence[Chunk], leaves: Mapping[Span, int], share: float, passages: Passages) -> tuple[Chunk, ...]:
    found = Counter(parent for _, parent in {(chunk.span, _parent(chunk)) for chunk in chunks} if parent is not None)
    merged: dict[Span, Chunk] = {}
    for chunk in chunks:
        parent = _parent(chunk)
        if parent is not None and found[parent] >= share * leaves[parent]:
            chunk = widened(chunk, parent.start, parent.end, passages)
        merged.setdefault(chunk.span, chunk)
    return tuple(merged.values())
