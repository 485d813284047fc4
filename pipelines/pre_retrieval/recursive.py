"""Chunks up to a size, cut where the text itself pauses: paragraph, line, sentence, word.

langchain-text-splitters' ``RecursiveCharacterTextSplitter`` finds the cuts. Two things are added: offsets are exact,
and no cut falls inside a row of a Markdown table, as half a row says nothing.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from pipelines.pre_retrieval import Chunker, chunkers
from pipelines.records import Chunk, Document
from pipelines.registry import StageConfig

_SEPARATORS = [r"\n\s*\n", r"\n", r"(?<=[.!?])\s+", r"\s+", ""]
_TABLE_ROW = re.compile(r"^[ \t]*\|.*$", re.MULTILINE)


class RecursiveConfig(StageConfig):
    """Chunks up to a size, cut at paragraphs, lines, sentences or words."""

    kind: Literal["recursive"] = "recursive"
    size: int = Field(
        default=400, ge=20, description="characters of a chunk at most; a longer row of a table stays whole"
    )
    overlap: int = Field(default=0, ge=0, description="characters repeated from the chunk before at most")
    with_title: bool = Field(default=True, description="index the document's title above each chunk's text")

    @model_validator(mode="after")
    def _overlap_below_size(self) -> Self:
        if self.overlap >= self.size:
            raise ValueError(f"overlap ({self.overlap}) must be smaller than size ({self.size})")
        return self


@chunkers.kind(RecursiveConfig)
def recursive(config: RecursiveConfig) -> Chunker:
    """Chunk ids are ``document#ordinal``; ``document.text[start:end] == chunk.text`` always; white space between
    chunks belongs to none. A document without text gives no chunk."""

    def chunk(documents: Sequence[Document]) -> list[Chunk]:
        return [
            _chunk(document, ordinal, start, end, config.with_title)
            for document in documents
            for ordinal, (start, end) in enumerate(_spans(document.text, config.size, config.overlap))
        ]

    return chunk


def _chunk(document: Document, ordinal: int, start: int, end: int, with_title: bool) -> Chunk:
    text = document.text[start:end]
    indexed = f"{document.title}\n{text}" if with_title and document.title else text
    return Chunk(f"{document.id}#{ordinal}", document.id, start, end, text, indexed)


def _spans(text: str, size: int, overlap: int) -> Iterator[tuple[int, int]]:
    for start, end in _with_whole_rows(text, _split(text, size, overlap)):
        piece = text[start:end]
        left = start + len(piece) - len(piece.lstrip())
        right = start + len(piece.rstrip())
        if left < right:
            yield left, right


def _split(text: str, size: int, overlap: int) -> list[tuple[int, int]]:
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    # White space is kept here and trimmed above: where the library strips, it has to search for its own offsets.
    splitter = RecursiveCharacterTextSplitter(
        separators=_SEPARATORS,
        is_separator_regex=True,
        chunk_size=size,
        chunk_overlap=overlap,
        add_start_index=True,
        strip_whitespace=False,
    )
    pieces = splitter.create_documents([text])
    return [
        (piece.metadata["start_index"], piece.metadata["start_index"] + len(piece.page_content)) for piece in pieces
    ]


def _with_whole_rows(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join neighbours whose cut falls inside a table row."""
    inside = bytearray(len(text) + 1)
    for row in _TABLE_ROW.finditer(text):
        inside[row.start() + 1 : row.end()] = b"\1" * max(0, row.end() - row.start() - 1)
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and inside[start]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
