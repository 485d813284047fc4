"""What the model reads and writes: token sequences, where they carry loss, and where a vector is read off.

    question   Question: ... Answer: [RQ] Passage: ... Answer: [RQ] Passage: ... Answer: words <end>
    loss                              x                         x                        x    x
    document   sentence [RD] sentence [RD]
    text       Text: ... Mentions: name [LK] [CONTINUE] name [LK] [CONTINUE] <end>
    loss                           x    x               x    x               x

What is generated carries cross-entropy, the retrieval token itself too. What is given carries none: the question, the
passages, and the token after a retrieval token, whatever it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.finetuning.examples import IGNORED
from pipelines.post_retrieval.sentence_spans import sentence_spans
from pipelines.retrieval.onegen.vocabulary import Vocabulary

LONGEST_QUESTION = 512
"""Tokens of a question; the rest is cut off."""


@dataclass(frozen=True)
class Tokens:
    """A token sequence: ``ids``, ``labels`` (``IGNORED`` where there is no loss), and the positions whose states are
    its ``vectors``. The label of a position is the token that stands there, which the state before it predicts."""

    ids: tuple[int, ...]
    labels: tuple[int, ...]
    vectors: tuple[int, ...]


def asked(vocabulary: Vocabulary, question: str) -> list[int]:
    """What the model is given to answer a question."""
    return [*vocabulary.opening, *vocabulary.encode(f"Question: {question}\nAnswer:")[-LONGEST_QUESTION:]]


def read(vocabulary: Vocabulary, passages: Sequence[str], longest: int) -> list[int]:
    """What follows a [RQ]: the passages found, each cut to ``longest`` tokens; none where nothing was found."""
    found = [vocabulary.encode(f"\nPassage: {text.strip()}")[:longest] for text in passages]
    return [*(token for one in found for token in one), *vocabulary.encode("\nAnswer:")]


def answered(
    vocabulary: Vocabulary, question: str, passages: Sequence[Sequence[str]], answer: str, longest: int
) -> Tokens:
    """A question with its searches and its answer; ``passages`` are those read after each [RQ]."""
    parts = [(asked(vocabulary, question), False)]
    for found in passages:
        parts += [([vocabulary.roles.query], True), (read(vocabulary, found, longest), False)]
    return _joined(vocabulary, [*parts, ([*vocabulary.encode(f" {answer}"), vocabulary.end], True)])


def mentioning(vocabulary: Vocabulary, text: str) -> list[int]:
    """What the model is given to link the entities of a text."""
    return [*vocabulary.opening, *vocabulary.encode(f"Text: {text}\nMentions:")]


def linked(vocabulary: Vocabulary, text: str, mentions: Sequence[str]) -> Tokens:
    """A text with the names it mentions; the state of each [LK] searches among the entities."""
    roles = vocabulary.roles
    parts = [(mentioning(vocabulary, text), False)]
    for mention in mentions:
        parts += [([*vocabulary.encode(f" {mention}"), roles.mention], True), ([roles.proceed], False)]
    return _joined(vocabulary, [*parts, ([vocabulary.end], True)])


def document(
    vocabulary: Vocabulary, text: str, longest: int, token: int | None = None, *, by_sentence: bool = False
) -> Tokens:
    """A document of at most ``longest`` tokens with ``token`` ([RD] unless told) at its end, or after each of its
    sentences: one forward then gives a vector for each. What is beyond the length is cut off."""
    token = vocabulary.roles.document if token is None else token
    spans = sentence_spans(text) if by_sentence else []
    ids, vectors = list(vocabulary.opening), list[int]()
    for piece in [text[start:end] for start, end in spans] or [text.strip()]:
        words = vocabulary.encode(f" {piece}" if vectors else piece)
        if vectors and len(ids) + len(words) >= longest:
            break
        ids += [*words[: max(0, longest - 1 - len(ids))], token]
        vectors.append(len(ids) - 1)
    return Tokens(tuple(ids), (IGNORED,) * len(ids), tuple(vectors))


def _joined(vocabulary: Vocabulary, parts: Sequence[tuple[Sequence[int], bool]]) -> Tokens:
    """Parts behind each other, each with whether the model writes it."""
    ids = [token for part, _ in parts for token in part]
    labels = [token if written else IGNORED for part, written in parts for token in part]
    vectors = [place for place, token in enumerate(ids) if token in vocabulary.roles.retrieving]
    for place in vectors:
        if place + 1 < len(labels):
            labels[place + 1] = IGNORED
    return Tokens(tuple(ids), tuple(labels), tuple(vectors))
