"""Where a passage or an answer stands in a document."""

import re
from collections.abc import Iterable
from typing import Literal
from unicodedata import normalize

from pipelines.records import Document, Span

GoldUnit = Literal["sentence", "paragraph", "document"]

_PARAGRAPH_END = re.compile(r"\n\s*\n")
# A full stop and then a capital, but not after a single capital: "U.S. Army" and "J. Smith" stay whole.
_SENTENCE_END = re.compile(r"(?<=[\w)\]\"'”’%][.!?])(?<![A-Z]\.)\s+(?=[\"'“‘(\[]?[A-Z0-9])|\n\s*\n")


def locate(passage: str, text: str) -> tuple[int, int] | None:
    """Where ``passage`` first stands in ``text``, ``[start, end)``; runs of white space match one another, because a
    parser may wrap lines. None where it does not stand there."""
    words = normalize("NFC", passage).split()  # as parsing does to documents
    if not words:
        return None
    found = re.search(r"\s+".join(re.escape(word) for word in words), text)
    return found.span() if found else None


def supporting_span(document: Document, answers: Iterable[str], unit: GoldUnit) -> Span:
    """The sentence or paragraph around the first of ``answers`` that stands in the document as whole words, whatever
    their case; the whole document where none does. Paragraphs are parted by empty lines, so a table stays in one."""
    end = len(document.text)
    if unit != "document":
        for answer in answers:
            start = find_answer(answer, document.text)
            if start is not None:
                boundary = _SENTENCE_END if unit == "sentence" else _PARAGRAPH_END
                return Span(document.id, *_unit_around(start, start + len(answer), document.text, boundary))
    return Span(document.id, 0, end)


def find_answer(answer: str, text: str) -> int | None:
    """The offset of the first whole-word occurrence of ``answer``: ``4`` does not stand in ``1.4``, ``4,000`` or
    ``24``. None where there is none."""
    if not answer.strip():
        return None
    # A point or comma joins two digits into one number; after a number it may as well end the sentence.
    pattern = rf"(?<!\w)(?<!\d[.,]){re.escape(answer)}(?!\w)(?![.,]\d)"
    found = re.search(pattern, text, re.IGNORECASE)
    return found.start() if found else None


def _unit_around(start: int, end: int, text: str, boundary: re.Pattern[str]) -> tuple[int, int]:
    first, last = 0, len(text)
    for found in boundary.finditer(text):
        if found.end() <= start:
            first = found.end()
        elif found.start() >= end:
            last = found.start()
            break
    return first, last
