"""Find stated passages in parsed text."""

import re
from collections.abc import Mapping

from pipelines.corpus.world.documents import Source
from pipelines.records import Span


def locate(passage: str, text: str) -> tuple[int, int]:
    """Offsets of ``passage`` in ``text``; line breaks may stand for blanks. Raises ``ValueError`` unless it occurs
    exactly once."""
    pattern = r"\s+".join(re.escape(word) for word in passage.split())
    found = [match.span() for match in re.finditer(pattern, text)]
    if len(found) != 1:
        raise ValueError(f"the passage {passage!r} occurs {len(found)} times instead of once")
    return found[0]


def spans(documents: tuple[Source, ...], texts: Mapping[str, str]) -> dict[str, tuple[Span, ...]]:
    """The gold passages of every fact id, from the parsed texts by document id."""
    gold: dict[str, tuple[Span, ...]] = {}
    for document in documents:
        for statement in document.statements:
            if statement.fact in gold:
                raise ValueError(f"the fact {statement.fact} is stated twice, the second time in {document.path}")
            places = [locate(passage, texts[document.path]) for passage in statement.passages]
            gold[statement.fact] = tuple(Span(document.path, start, end) for start, end in places)
    return gold
