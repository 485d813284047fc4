"""Where sentences end: after a full stop, question or exclamation mark before white space, and at the end of a line."""

import re

SENTENCE_END = re.compile(r"[.!?](?=\s)|(?<=\S)(?=\s*\n)")


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """The sentences of ``text`` as half-open spans, without the white space around them; a row of a table is one."""
    spans, start = [], 0
    for end in [*(match.end() for match in SENTENCE_END.finditer(text)), len(text)]:
        piece = text[start:end]
        if piece.strip():
            spans.append((start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())))
        start = end
    return spans


def joined(text: str, spans: list[tuple[int, int]]) -> str:
    """The kept ``spans`` of ``text`` in order, with what stood between them where nothing was left out there, else a
    line break where there was one, else a space."""
    parts: list[str] = []
    for place, (start, end) in enumerate(spans):
        if place:
            gap = text[spans[place - 1][1] : start]
            parts.append(gap if not gap.strip() else "\n" if "\n" in gap else " ")
        parts.append(text[start:end])
    return "".join(parts)
