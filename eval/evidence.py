"""What has to be read of a gold passage, and whether a set of chunks holds it.

A passage that states an accepted answer is held where the answer stands in it; any other passage (a hop on the way, a
verdict such as yes) where at least half of its characters are covered, as in ``gold_passage_recall``.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from eval.metrics.normalise import normalise, tokens
from eval.metrics.passages import gold_passage_recall
from pipelines.records import Chunk, Question, Span

VERDICTS = ("yes", "no", "true", "false")
"""Answers that are concluded, not quoted: finding the word "no" in a passage says nothing."""


@dataclass(frozen=True)
class Evidence:
    """One gold passage of a question. ``text`` is the passage as the index knows it, a blank for each character that no
    chunk holds; ``places`` are the characters of each statement of an answer, as offsets in the document."""

    question: Question
    passage: Span
    text: str
    stated: re.Pattern[str] | None
    places: tuple[frozenset[int], ...]

    def held_by(self, chunks: Iterable[Chunk]) -> bool:
        """Whether the chunks together hold the passage. White space between them is not missed."""
        near = [chunk for chunk in chunks if self._overlap(chunk) and self._kept(chunk)]
        if not self.places:
            alone = replace(self.question, gold=(self.passage,))
            return gold_passage_recall(alone, near) == 1.0
        covered = {place for chunk in near for place in range(*self._bounds(chunk))}
        return any(place <= covered for place in self.places)

    def _bounds(self, chunk: Chunk) -> tuple[int, int]:
        return max(chunk.start, self.passage.start), min(chunk.end, self.passage.end)

    def _overlap(self, chunk: Chunk) -> bool:
        start, end = self._bounds(chunk)
        return chunk.document_id == self.passage.document_id and start < end

    def _kept(self, chunk: Chunk) -> bool:
        """Whether a chunk still says what stood between its offsets: a compressed one may not. The answer has to stand
        in its text, or half the words that it had of the passage."""
        if is_verbatim(chunk):
            return True
        if self.places and self.stated is not None:
            return self.stated.search(chunk.text) is not None
        start, end = self._bounds(chunk)
        had = Counter(tokens(self.text[start - self.passage.start : end - self.passage.start]))
        return 2 * (had & Counter(tokens(chunk.text))).total() >= had.total()


def evidence(question: Question, chunks: Sequence[Chunk]) -> list[Evidence]:
    """What has to be read for ``question``, by gold passage; ``chunks`` are those of the index in their documents."""
    stated = _pattern(question.answers)
    found = []
    for span in question.gold:
        if span.end > span.start:
            text = _text(span, chunks)
            matches = stated.finditer(text) if stated is not None else ()
            places = tuple(_letters(text, match.span(), span.start) for match in matches)
            found.append(Evidence(question, span, text, stated, places))
    return found


def is_verbatim(chunk: Chunk) -> bool:
    """Whether a chunk's text is all that stands between its offsets."""
    return len(chunk.text) == chunk.end - chunk.start


def _pattern(answers: Iterable[str]) -> re.Pattern[str] | None:
    """Finds any accepted answer as whole words, whatever its case and white space."""
    quoted = [answer.split() for answer in answers if normalise(answer) and normalise(answer) not in VERDICTS]
    if not quoted:
        return None
    forms = "|".join(r"\s+".join(map(re.escape, words)) for words in sorted(quoted, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{forms})(?!\w)", re.IGNORECASE)


def _text(span: Span, chunks: Iterable[Chunk]) -> str:
    letters = [" "] * (span.end - span.start)
    for chunk in chunks:
        start, end = max(chunk.start, span.start), min(chunk.end, span.end)
        if chunk.document_id == span.document_id and start < end and is_verbatim(chunk):
            piece = chunk.text[start - chunk.start : end - chunk.start]
            letters[start - span.start : end - span.start] = piece
    return "".join(letters)


def _letters(text: str, match: tuple[int, int], offset: int) -> frozenset[int]:
    return frozenset(offset + place for place in range(*match) if not text[place].isspace())
