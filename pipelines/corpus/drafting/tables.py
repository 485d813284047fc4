"""Markdown tables of a text, row by row. Parsers write every spreadsheet, CSV and HTML table in this form."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_LINE = re.compile(r"^[ \t]*\|.*$", re.MULTILINE)
_RULE = re.compile(r"[ \t]*\|?(?:\s*:?-+:?\s*\|)+\s*(?::?-+:?\s*)?")
_BETWEEN = re.compile(r"(?<!\\)\|")


class Row(NamedTuple):
    """One row below a header. ``cells`` are as many as ``header`` has; the row is the characters ``[start, end)``."""

    header: tuple[str, ...]
    cells: tuple[str, ...]
    start: int
    end: int


def rows(text: str) -> Iterator[Row]:
    """The rows of every table that has a header and, below it, a line of dashes. Rows of another width are left out."""
    lines = [(found.start(), found[0]) for found in _LINE.finditer(text)]
    header: tuple[str, ...] = ()
    before = -1  # where the line before ends: a table ends where its lines do not follow one another
    for number, (start, line) in enumerate(lines):
        follows = number + 1 < len(lines) and lines[number + 1][0] == start + len(line) + 1
        if start != before + 1:
            header = ()
        before = start + len(line)
        if _RULE.fullmatch(line):
            continue
        if follows and _RULE.fullmatch(lines[number + 1][1]):
            header = _cells(line)
            continue
        cells = _cells(line)
        if header and len(cells) == len(header):
            indent = len(line) - len(line.lstrip())
            yield Row(header, cells, start + indent, start + len(line.rstrip()))


def _cells(line: str) -> tuple[str, ...]:
    inside = line.strip().removeprefix("|")
    inside = inside[:-1] if inside.endswith("|") and not inside.endswith("\\|") else inside
    return tuple(cell.strip() for cell in _BETWEEN.split(inside))
