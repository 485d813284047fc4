"""The lines a language model wrote, without numbering, bullets and quotes."""

import re

_MARK = re.compile(r"^\s*(?:\(?\d{1,2}[.):](?!\d)|[-*+•·–—>]+(?=\s)|•)\s*")
_WORD = re.compile(r"\w+")
_QUOTES = {'"': '"', "'": "'", "“": "”", "„": "“", "«": "»", "`": "`", "**": "**"}


def lines(text: str, most: int, longest: int) -> tuple[str, ...]:
    """At most ``most`` distinct lines of ``text``, in order.

    A line goes without its leading number ("2.", "(2)", "2:") or bullet and without quotes around it. Dropped are
    lines without a letter, lines longer than ``longest`` characters, those that end with a colon (they announce a list)
    and those that repeat the words of an earlier one.
    """
    kept: dict[str, str] = {}
    for line in map(_bare, text.splitlines()):
        if any(map(str.isalpha, line)) and len(line) <= longest and not line.endswith(":"):
            kept.setdefault(words(line), line)
    return tuple(kept.values())[:most]


def words(text: str) -> str:
    """The words of a text, by which two lines are the same: lower case, single spaces, no punctuation."""
    return " ".join(_WORD.findall(text.casefold()))


def _bare(line: str) -> str:
    line, before = " ".join(line.split()), None
    while line != before:  # marks nest, as in: 1. "- text"
        before = line
        line = _MARK.sub("", line)
        for opening, closing in _QUOTES.items():
            if line.startswith(opening) and line.endswith(closing) and len(line) > len(opening) + len(closing):
                line = line[len(opening) : -len(closing)].strip()
    return line
