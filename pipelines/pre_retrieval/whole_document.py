"""One chunk a document, as BEIR indexes its corpora: title and text, joined by a space."""

from collections.abc import Sequence
from typing import Literal

from pipelines.pre_retrieval import Chunker, chunkers
from pipelines.records import Chunk, Document
from pipelines.registry import StageConfig


class WholeDocumentConfig(StageConfig):
    """One chunk a document, title and text indexed together (BEIR)."""

    kind: Literal["whole_document"] = "whole_document"


@chunkers.kind(WholeDocumentConfig)
def whole_document(config: WholeDocumentConfig) -> Chunker:
    """Every document gives one chunk, an empty one too: BEIR counts those with a title alone."""

    def chunk(documents: Sequence[Document]) -> list[Chunk]:
        return [
            Chunk(f"{doc.id}#0", doc.id, 0, len(doc.text), doc.text, f"{doc.title} {doc.text}".strip())
            for doc in documents
        ]

    return chunk
