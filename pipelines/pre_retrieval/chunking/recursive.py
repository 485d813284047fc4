"""Chunks up to a size, cut where the text itself pauses: paragraph, line, sentence, word.

langchain-text-splitters' ``RecursiveCharacterTextSplitter`` finds the cuts. Two things are added: offsets are exact,
and no cut falls inside a row of a Markdown table, as half a row says nothing.
"""

import re
from collections.abc import Iterator
from typing import Literal, Self

from pydantic import Field, model_validator

from pipelines.pre_retrieval.chunking import Chunker, chunkers
from pipelines.pre_retrieval.chunking.spans import Spans, chunker
from pipelines.registry import StageConfig

_SENTENCE_END = r"(?<=[.!?؟۔।॥])\s+|(?<=[。！？])"
"""Chinese and Japanese put no space after a sentence."""
_SEPARATORS = [r"\n\s*\n", r"\n", _SENTENCE_END, r"\s+"]
_TABLE_ROW = re.compile(r"^[ \t]*\|.*$", re.MULTILINE)


class RecursiveConfig(StageConfig):
    """Chunks up to a size, cut at paragraphs, lines, sentences or words."""

    kind: Literal["recursive"] = "recursive"
    size: int = Field(
        default=400, ge=20, description="characters of a chunk at most; a longer row of a table stays whole"
    )
    overlap: int = Field(default=0, ge=0, description="characters repeated from the chunk before at most")

    @model_validator(mode="after")
    def _overlap_below_size(self) -> Self:
        if self.overlap >= self.size:
            raise ValueError(f"overlap ({self.overlap}) must be smaller than size ({self.size})")
        return self


@chunkers.kind(RecursiveConfig)
def recursive(config: RecursiveConfig) -> Chunker:
    """A document without text gives no chunk."""
    return chunker(lambda text: split(text, config.size, config.overlap))


def split(text: str, size: int, overlap: int = 0) -> list[tuple[int, int]]:
    """Spans of at most ``size`` characters, longer rows of a table excepted. They keep the white space around them:
    without overlap they cover the whole text and each begins where the one before ends."""
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    # Words longer than a chunk are cut in sixteenths: of single characters, as is usual, the library makes chunks at a
    # cost that is quadratic in their size. Where it strips white space it has to search for its own offsets.
    splitter = RecursiveCharacterTextSplitter(
        separators=[*_SEPARATORS, rf"[\s\S]{{{max(1, size // 16)}}}"],
        is_separator_regex=True,
        chunk_size=size,
        chunk_overlap=overlap,
        add_start_index=True,
        strip_whitespace=False,
    )
    pieces = splitter.create_documents([text])
    spans = [
        (piece.metadata["start_index"], piece.metadata["start_index"] + len(piece.page_content)) for piece in pieces
    ]
    return _with_whole_rows(text, spans)


def limited(text: str, spans: Spans, size: int) -> Iterator[tuple[int, int]]:
    """The spans, those longer than ``size`` characters split further."""
    for start, end in spans:
        if end - start <= size:
            yield start, end
        else:
            yield from ((start + left, start + right) for left, right in split(text[start:end], size))


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
