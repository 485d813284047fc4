"""The chunks before and after each found one: small chunks are found more precisely, larger passages read better."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field

from pipelines.post_retrieval import Found, PostProcessor, post_processors
from pipelines.post_retrieval.widening import widened
from pipelines.records import Chunk
from pipelines.registry import StageConfig
from pipelines.tools import Passages, Tools


class NeighboursConfig(StageConfig):
    """Each found chunk with those before and after it."""

    kind: Literal["neighbours"] = "neighbours"
    before: int = Field(default=1, ge=0, description="chunks added before each found one")
    after: int = Field(default=1, ge=0, description="chunks added after each found one")


@post_processors.kind(NeighboursConfig)
def neighbours(config: NeighboursConfig) -> PostProcessor:
    """Passages that overlap or touch become one, at the rank of its best found chunk; the text between chunks, white
    space included, is the document's own."""

    def widen(found: Sequence[Found], tools: Tools) -> list[Found]:
        return [replace(one, chunks=_widen(one.chunks, tools.passages, config)) for one in found]

    return widen


def _widen(chunks: Sequence[Chunk], passages: Passages, config: NeighboursConfig) -> tuple[Chunk, ...]:
    reaches = [_reach(chunk, passages.by_document[chunk.document_id], config) for chunk in chunks]
    merged: dict[str, list[tuple[int, int]]] = {}
    for chunk, reach in sorted(zip(chunks, reaches, strict=True), key=lambda item: item[1]):
        ranges = merged.setdefault(chunk.document_id, [])
        if ranges and reach[0] <= ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], max(reach[1], ranges[-1][1]))
        else:
            ranges.append(reach)
    best: dict[tuple[str, tuple[int, int]], Chunk] = {}
    for chunk, reach in zip(chunks, reaches, strict=True):
        whole = next(one for one in merged[chunk.document_id] if one[0] <= reach[0] and reach[1] <= one[1])
        best.setdefault((chunk.document_id, whole), chunk)
    return tuple(_passage(chunk, passages, *reach) for (_, reach), chunk in best.items())


def _reach(chunk: Chunk, around: Sequence[Chunk], config: NeighboursConfig) -> tuple[int, int]:
    """Positions ``[first, last)`` in ``around``, the document's chunks, of those the widened passage is made of. A
    chunk that is no longer one of them (it was cut or widened) stands for all it overlaps."""
    spans = [(one.start, one.end) for one in around]
    if (chunk.start, chunk.end) in spans:
        first = spans.index((chunk.start, chunk.end))
        return max(0, first - config.before), min(len(around), first + 1 + config.after)
    first = next((place for place, (_, end) in enumerate(spans) if end > chunk.start), len(spans) - 1)
    last = bisect_left(spans, (chunk.end, 0))
    return max(0, first - config.before), min(len(around), max(first + 1, last) + config.after)


def _passage(chunk: Chunk, passages: Passages, first: int, last: int) -> Chunk:
    members = passages.by_document[chunk.document_id][first:last]
    return widened(chunk, members[0].start, max(member.end for member in members), passages)
