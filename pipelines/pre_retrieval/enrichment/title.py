"""The document's title in front of each chunk: a chunk rarely repeats what its document is about."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from pipelines.pre_retrieval.enrichment import Enrichment, enrichments
from pipelines.records import Chunk, Document
from pipelines.registry import StageConfig
from pipelines.tools import Tools


class TitleConfig(StageConfig):
    """The document's title above each chunk."""

    kind: Literal["title"] = "title"


@enrichments.kind(TitleConfig)
def title(config: TitleConfig) -> Enrichment:
    """Title and indexed text are joined by a newline. A chunk stays as it is where its document has no title, and
    where it is no part of a document (an indexed training pair)."""

    def enrich(chunks: Sequence[Chunk], documents: Mapping[str, Document], tools: Tools) -> list[Chunk]:
        return titled(chunks, documents.values())

    return enrich


def titled(chunks: Sequence[Chunk], documents: Iterable[Document]) -> list[Chunk]:
    """The chunks with their documents' titles in front of what is indexed."""
    by_id = {document.id: document for document in documents}
    return [_with_title(chunk, by_id.get(chunk.document_id)) for chunk in chunks]


def _with_title(chunk: Chunk, document: Document | None) -> Chunk:
    if document is None or not document.title:
        return chunk
    return replace(chunk, indexed=f"{document.title}\n{chunk.indexed}".rstrip())
