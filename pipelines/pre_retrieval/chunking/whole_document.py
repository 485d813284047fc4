"""One chunk a document, as BEIR indexes its corpora; with the enrichment ``title`` above it."""

from collections.abc import Sequence
from typing import Literal

from pipelines.pre_retrieval.chunking import Chunker, chunkers
from pipelines.pre_retrieval.chunking.spans import made
from pipelines.records import Chunk, Document
from pipelines.registry import StageConfig


class WholeDocumentConfig(StageConfig):
    """One chunk a document (BEIR)."""

    kind: Literal["whole_document"] = "whole_document"


@chunkers.kind(WholeDocumentConfig)
def whole_document(config: WholeDocumentConfig) -> Chunker:
    """Every document gives one chunk, one with a title alone too: BEIR counts those, and the enrichment ``title``
    indexes them. White space at its ends stays. A document with neither text nor title gives none."""

    def chunk(documents: Sequence[Document]) -> list[Chunk]:
        return [made(document, 0, 0, len(document.text)) for document in documents if document.text or document.title]

    return chunk
