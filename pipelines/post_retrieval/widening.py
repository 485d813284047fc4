"""Passages larger than a chunk, cut from the document itself, so that text and span always agree."""

from pipelines.records import Chunk
from pipelines.tools import Passages


def widened(chunk: Chunk, start: int, end: int, passages: Passages) -> Chunk:
    """The characters ``[start, end)`` of the document of ``chunk``; the chunk itself where they are its own. It has
    no parent any more, as it may reach beyond it. Raises ``KeyError`` for a document that ``passages`` lacks."""
    if (chunk.start, chunk.end) == (start, end):
        return chunk
    text = passages.documents[chunk.document_id].text[start:end]
    return Chunk(f"{chunk.document_id}@{start}-{end}", chunk.document_id, start, end, text, text)
