"""What is learnt from: queries, passages and grades, and how they are drawn.

Equal texts are one passage and equal questions one query with the labels of both, so nothing is its own negative.
Every passage of a step is a negative for all its queries but those whose labels name it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count, islice
from random import Random
from typing import TYPE_CHECKING

from pipelines.errors import UserError
from pipelines.learning import Labelled
from pipelines.records import Chunk
from pipelines.retrieval.mafin.settings import OverBlackBox

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

MINED_DEPTH = 50
"""How deep hard negatives are looked for."""
_QUERIES_AT_ONCE = 256


@dataclass(frozen=True)
class Examples:
    """Distinct texts; ``grades`` map for each query the places of its relevant passages to grades above zero."""

    queries: tuple[str, ...]
    passages: tuple[str, ...]
    grades: tuple[Mapping[int, int], ...]


@dataclass(frozen=True)
class Batch:
    """Places of queries and passages; ``grades`` has a row for each query and a column for each passage."""

    queries: list[int]
    passages: list[int]
    grades: list[list[int]]


def labelled_examples(questions: Iterable[Labelled], chunks: Sequence[Chunk]) -> Examples:
    """From labelled questions. Raises ``UserError`` where a label names no chunk."""
    return _examples(((one.query, one.relevant) for one in questions), chunks)


def written_examples(chunks: Sequence[Chunk]) -> Examples:
    """From the questions that a language model wrote for the passages and that are indexed beside them. Raises
    ``UserError`` where there are none."""
    written = _written(chunks)
    if not written:
        raise UserError(
            "pairs: written learns from questions that are indexed beside the passages they were written for; add the "
            "enrichment hypothetical_questions with keep_text: true, or take pairs: labelled"
        )
    return _examples(((chunk.indexed, {written[chunk.id]: 1}) for chunk in chunks if chunk.id in written), chunks)


def _examples(labels: Iterable[tuple[str, Mapping[str, int]]], chunks: Sequence[Chunk]) -> Examples:
    written, passages = _written(chunks), dict[str, int]()
    place = {chunk.id: passages.setdefault(chunk.indexed, len(passages)) for chunk in chunks if chunk.id not in written}
    merged: dict[str, dict[int, int]] = {}
    for query, relevant in labels:
        grades = merged.setdefault(query, {})
        for name, grade in relevant.items():
            if name not in place and name not in written:
                raise UserError(f"labels: question {query!r:.80} is labelled with chunk {name!r}, which does not exist")
            if name in place and grade > 0:
                grades[place[name]] = max(grade, grades.get(place[name], 0))
    kept = {query: grades for query, grades in merged.items() if grades}
    return Examples(tuple(kept), tuple(passages), tuple(kept.values()))


def _written(chunks: Sequence[Chunk]) -> dict[str, str]:
    """For each chunk that is a question written for another (``id?n`` beside ``id``), that one's id."""
    known = {chunk.id for chunk in chunks}
    named = ((chunk.id, re.sub(r"\?\d+$", "", chunk.id)) for chunk in chunks)
    return {name: base for name, base in named if base != name and base in known}


def mine(
    queries: "NDArray[float32]", passages: "NDArray[float32]", grades: Sequence[Mapping[int, int]]
) -> list[list[int]]:
    """For each query the ``MINED_DEPTH`` passages nearest by the black box, without those its labels name. Vectors are
    unit rows, of shapes (queries, dimension) and (passages, dimension)."""
    from pipelines.retrieval.ranking import best

    found: list[list[int]] = []
    for start in range(0, len(queries), _QUERIES_AT_ONCE):
        rows = queries[start : start + _QUERIES_AT_ONCE] @ passages.T
        for scores, own in zip(rows, grades[start : start + _QUERIES_AT_ONCE], strict=True):
            nearest = best(scores, MINED_DEPTH + len(own)).tolist()
            found.append([place for place in nearest if place not in own][:MINED_DEPTH])
    return found


def batches(examples: Examples, mined: Sequence[Sequence[int]], config: OverBlackBox, seed: int) -> Iterator[Batch]:
    """Endless steps of ``config.queries_per_step`` queries, each with some of its relevant passages and some of its
    mined ones; every query is drawn once before any is drawn again. Where ``config.queries_per_passage`` wants more,
    other queries join that the labels name for a relevant passage."""
    draw, everyone = Random(seed), range(len(examples.queries))
    order = chain.from_iterable(draw.sample(everyone, len(everyone)) for _ in count())
    asked = _queries_of(examples)
    while True:
        queries = dict.fromkeys(islice(order, config.queries_per_step))
        relevant, passages = dict[int, None](), dict[int, None]()
        for query in queries:
            own = sorted(examples.grades[query])
            relevant |= dict.fromkeys(draw.sample(own, min(config.positives, len(own))))
            passages |= relevant
            passages |= dict.fromkeys(draw.sample(mined[query], min(config.hard_negatives, len(mined[query]))))
        if config.queries_per_passage > 1:
            for passage in relevant:
                others = [query for query in asked[passage] if query not in queries]
                queries |= dict.fromkeys(draw.sample(others, min(config.queries_per_passage - 1, len(others))))
        grades = [[examples.grades[query].get(passage, 0) for passage in passages] for query in queries]
        yield Batch(list(queries), list(passages), grades)


def _queries_of(examples: Examples) -> dict[int, list[int]]:
    """The queries that the labels name for each passage."""
    found: dict[int, list[int]] = {}
    for query, grades in enumerate(examples.grades):
        for passage in grades:
            found.setdefault(passage, []).append(query)
    return found
