"""Where a chunk stands in its document, above its text: "Title > Section > Sub"."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from pipelines.pre_retrieval.chunking.headers import Section, sections
from pipelines.pre_retrieval.enrichment import Enrichment, enrichments
from pipelines.records import Chunk, Document
from pipelines.registry import StageConfig
from pipelines.tools import Tools


class SectionPathConfig(StageConfig):
    """The title and the headings above each chunk, as a path."""

    kind: Literal["section_path"] = "section_path"


@enrichments.kind(SectionPathConfig)
def section_path(config: SectionPathConfig) -> Enrichment:
    """Path and indexed text are joined by a newline. Only headings above the chunk's first character count, so one that
    the chunk itself begins with is not repeated; neither is a first heading that is the title. A chunk without any, or
    that is no part of a document, stays as it is."""

    def enrich(chunks: Sequence[Chunk], documents: Mapping[str, Document], tools: Tools) -> list[Chunk]:
        used = {chunk.document_id for chunk in chunks} & documents.keys()
        found = {name: list(sections(documents[name].text)) for name in sorted(used)}
        return [
            _placed(chunk, documents[chunk.document_id].title, found[chunk.document_id])
            if chunk.document_id in found
            else chunk
            for chunk in chunks
        ]

    return enrich


def _placed(chunk: Chunk, title: str, found: Sequence[Section]) -> Chunk:
    headings = _above(chunk.start, found)
    path = ([title] if title and headings[:1] != (title,) else []) + list(headings)
    return replace(chunk, indexed=f"{' > '.join(path)}\n{chunk.indexed}".rstrip()) if path else chunk


def _above(start: int, found: Sequence[Section]) -> tuple[str, ...]:
    place = bisect_right(found, start, key=lambda section: section.start) - 1
    if place < 0:
        return ()
    section = found[place]
    return section.path[:-1] if section.start == start else section.path
