"""What the chunkers share: from the spans that a library's splitter cuts to chunks."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from pipelines.pre_retrieval.chunking import Chunker
from pipelines.records import Chunk, Document

Spans = Iterable[tuple[int, int]]
"""Half-open spans of one text, by rising start."""


def chunker(cut: Callable[[str], Spans]) -> Chunker:
    """A chunker from a function that cuts one text. Ids are ``document#ordinal``; white space at the ends of a span
    belongs to no chunk, and a span of white space alone gives none."""

    def chunk(documents: Sequence[Document]) -> list[Chunk]:
        return [
            made(document, ordinal, start, end)
            for document in documents
            for ordinal, (start, end) in enumerate(trimmed(document.text, cut(document.text)))
        ]

    return chunk


def made(document: Document, ordinal: int, start: int, end: int, parent: tuple[int, int] | None = None) -> Chunk:
    """The chunk of one span, indexed as it reads."""
    text = document.text[start:end]
    return Chunk(f"{document.id}#{ordinal}", document.id, start, end, text, text, parent)


def trimmed(text: str, spans: Spans) -> Iterator[tuple[int, int]]:
    """The spans without white space at their ends; empty ones are left out."""
    for start, end in spans:
        piece = text[start:end]
        left = start + len(piece) - len(piece.lstrip())
        right = start + len(piece.rstrip())
        if left < right:
            yield left, right


def running(pieces: Iterable[str], start: int = 0) -> Iterator[tuple[int, int]]:
    """The spans of pieces that follow one another without a gap, the first at ``start``."""
    for piece in pieces:
        yield start, start + len(piece)
        start += len(piece)
