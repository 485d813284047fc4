"""The weight of two merged retrievers, chosen on dev questions."""

from collections.abc import Callable, Mapping, Sequence
from math import log2
from typing import TypeVar

from pipelines.errors import UserError
from pipelines.learning import Labelled, Material
from pipelines.records import Hits

GRID = tuple(step / 20 for step in range(21))
"""0 to 1 in steps of 0.05."""
CUTOFF = 10
"""The rank that nDCG is measured to."""
_EQUAL = 9
"""Means are compared to so many decimals: below it lies the order in which floats were added."""

Merge = Callable[[Sequence[Hits], float], Hits]
"""The two lists of one query and the weight of the second in; the merged list out."""


Name = TypeVar("Name")


def judged(material: Material, field: str = "weights") -> list[Labelled]:
    """The dev questions that have gold passages, to choose the value of a config's ``field`` on. Raises ``UserError``
    where there are none."""
    questions = [question for question in material.dev if any(grade > 0 for grade in question.relevant.values())]
    if not questions:
        raise UserError(
            f"{field}: 'dev' needs dev questions with gold passages in the index, and there are none; "
            f"give {field} in numbers, or add such questions"
        )
    return questions


def best_weight(questions: Sequence[Labelled], lists: Sequence[Sequence[Hits]], merge: Merge) -> tuple[float, float]:
    """The weight of ``GRID`` with the highest mean nDCG@10, and that mean; the one nearest 0.5 among equals, the lower
    of two as near. ``lists`` hold both rankings of each question."""
    means: dict[float, float] = {}
    for weight in GRID:
        merged = [merge(found, weight) for found in lists]
        gains = [ndcg(hits.chunk_ids, asked.relevant) for hits, asked in zip(merged, questions, strict=True)]
        means[weight] = round(sum(gains) / len(gains), _EQUAL)
    chosen = min(GRID, key=lambda weight: (-means[weight], round(abs(weight - 0.5), _EQUAL), weight))
    return chosen, means[chosen]


def ndcg(ranking: Sequence[Name], grades: Mapping[Name, int]) -> float:
    """nDCG@10 with the grades as gains (Jarvelin and Kekalainen 2002): sum of grade / log2(rank + 1), ranks from 1,
    over that sum for the best possible ranking. Raises ``ZeroDivisionError`` where no grade is positive."""
    best = sorted((grade for grade in grades.values() if grade > 0), reverse=True)
    return _discounted([max(0, grades.get(name, 0)) for name in ranking]) / _discounted(best)


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / log2(rank + 1) for rank, gain in enumerate(gains[:CUTOFF], start=1))
