"""Lines of the form ``key: value`` under the heading they stand below."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_LINE = re.compile(
    r"^[ \t]*(?P<line>(?:[-*+][ \t]+)?(?:\*\*|__)?(?P<key>[^\W\d_][^:|*\n]{0,39}?)(?:\*\*|__)?[ \t]*:(?:\*\*|__)?"
    r"[ \t]+(?P<value>\S[^\n]*?))[ \t]*$"
)
_HEADING = re.compile(r"^(?P<marks>#{1,6})[ \t]+(?P<text>\S.*?)[ \t#]*$")
MOST_KEY_WORDS, MOST_VALUE_WORDS = 5, 8
"""More words than that are a sentence with a colon in it."""


class KeyValue(NamedTuple):
    """``key: value`` at the characters ``[start, end)``. ``section`` is the heading it stands below, empty below the
    first heading of the text or none."""

    key: str
    value: str
    section: str
    start: int
    end: int


def key_values(text: str) -> Iterator[KeyValue]:
    """Every such line, outside tables. A value of many words, or one that ends as a sentence does, is prose; a first
    line that stands alone is a title ("Kestrel: manual"), as a PDF has it."""
    section, headings, offset = "", 0, 0
    lines = text.split("\n")
    stands_alone = len(lines) > 1 and not lines[1].strip()
    for line in lines:
        if heading := _HEADING.match(line):
            headings += 1
            section = heading["text"] if headings > 1 else ""
        elif (offset or not stands_alone) and (found := _LINE.match(line)) and _is_fact(found["key"], found["value"]):
            value = found["value"].strip("*_ ")
            yield KeyValue(
                found["key"].strip(), value, section, offset + found.start("line"), offset + found.end("line")
            )
        offset += len(line) + 1


def _is_fact(key: str, value: str) -> bool:
    short = len(key.split()) <= MOST_KEY_WORDS and len(value.split()) <= MOST_VALUE_WORDS
    return short and not value.endswith((".", ":", "?", "!", ",", ";"))
