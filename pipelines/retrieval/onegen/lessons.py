"""What OneGen learns from: sequences to write, and the documents that their retrieval tokens should find."""

import random
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from pipelines.errors import UserError
from pipelines.learning import Labelled
from pipelines.retrieval.onegen.sequences import Tokens, answered
from pipelines.retrieval.onegen.vocabulary import Vocabulary


@dataclass(frozen=True)
class Lesson:
    """One sequence. ``supporting`` are, for each retrieval token, the ids of the documents that are right there, one of
    which ``write`` is given for each; ``hard`` are ids that a search takes for right, best first. ``name`` is for
    errors."""

    name: str
    supporting: tuple[tuple[str, ...], ...]
    hard: tuple[str, ...]
    write: Callable[[Sequence[str]], Tokens]


@dataclass(frozen=True)
class Batch:
    """Lessons of one step, written out. ``documents`` are distinct; for each retrieval token, in order, ``positive`` is
    the place of its own document, ``negatives`` are those drawn for it, and ``also`` all that are right there."""

    sequences: tuple[Tokens, ...]
    documents: tuple[str, ...]
    positive: tuple[int, ...]
    negatives: tuple[tuple[int, ...], ...]
    also: tuple[tuple[int, ...], ...]


def question_lessons(
    questions: Sequence[Labelled], texts: dict[str, str], vocabulary: Vocabulary, longest: int
) -> list[Lesson]:
    """A lesson for each question that has a supporting passage: one search for each of its gold passages, in their
    order, and the answer. ``texts`` are the passages as they are read, by id."""

    def lesson(one: Labelled) -> Lesson:
        def write(found: Sequence[str]) -> Tokens:
            return answered(vocabulary, one.query, [[texts[name]] for name in found], one.answer, longest)

        hops = one.hops or (tuple(one.relevant),)
        return Lesson(f"question {one.query!r}", hops, one.hits.chunk_ids, write)

    return [lesson(one) for one in questions if one.relevant]


def check(lessons: Sequence[Lesson], known: Collection[str]) -> None:
    """Raise ``UserError`` where there is nothing to learn, a label names no document, or there is nothing that a right
    document could be told from."""
    if not lessons:
        raise UserError("retriever onegen: no train question has a gold passage to learn from; set epochs: 0 to go on")
    names = set(known)
    for lesson in lessons:
        right = {name for own in lesson.supporting for name in own}
        if missing := sorted(right - names):
            raise UserError(f"retriever onegen: {lesson.name} is labelled with {missing[0]!r}, which is no document")
        if not names - right:
            raise UserError(f"retriever onegen: every document supports {lesson.name}; there is nothing to tell apart")


def batches(
    lessons: Sequence[Lesson], known: Sequence[str], size: int, negatives: int, seed: int
) -> Iterator[list[Batch]]:
    """Endless epochs. In each, every lesson comes once, with one of its right documents for each retrieval token and
    ``negatives`` wrong ones for each: hard ones first, then any."""
    draw = random.Random(seed)
    while True:
        order = draw.sample(lessons, len(lessons))
        yield [_batch(order[start : start + size], known, negatives, draw) for start in range(0, len(order), size)]


def _batch(lessons: Sequence[Lesson], known: Sequence[str], negatives: int, draw: random.Random) -> Batch:
    places: dict[str, int] = {}

    def place(name: str) -> int:
        return places.setdefault(name, len(places))

    sequences, positive, wrong, right = [], list[int](), list[tuple[int, ...]](), list[set[str]]()
    for lesson in lessons:
        chosen = [draw.choice(own) for own in lesson.supporting]
        sequences.append(lesson.write(chosen))
        everything = {name for own in lesson.supporting for name in own}
        for name, own in zip(chosen, lesson.supporting, strict=True):
            positive.append(place(name))
            wrong.append(tuple(place(other) for other in _wrong(lesson.hard, everything, known, negatives, draw)))
            right.append(set(own))
    also = tuple(tuple(at for name, at in places.items() if name in names) for names in right)
    return Batch(tuple(sequences), tuple(places), tuple(positive), tuple(wrong), also)


def _wrong(
    hard: Sequence[str], right: set[str], known: Sequence[str], count: int, draw: random.Random
) -> Sequence[str]:
    taken = [name for name in hard if name not in right]
    taken = draw.sample(taken, min(count, len(taken)))
    if len(taken) < count:
        spare = draw.sample(known, min(len(known), count + len(right) + len(taken)))
        taken += [name for name in spare if name not in right and name not in taken][: count - len(taken)]
    return taken
