"""The order that scores give, the same for every reranker."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pipelines.post_retrieval import Found
from pipelines.records import Chunk
from pipelines.tools import Tools

Score = Callable[[Sequence[tuple[str, str]]], Sequence[float]]
"""Pairs of query and passage in, how well they fit out."""


def by_score(chunks: Sequence[Chunk], scores: Sequence[float]) -> tuple[Chunk, ...]:
    """Highest score first, equal ones in the order they have."""
    return tuple(chunks[place] for place in sorted(range(len(chunks)), key=scores.__getitem__, reverse=True))


@dataclass(frozen=True)
class PairReranker:
    """Reranks by a model that reads query and passage (its indexed text) together. ``identity`` names its weights."""

    identity: str
    score: Score

    def __call__(self, found: Sequence[Found], tools: Tools) -> list[Found]:
        """All pairs of the batch go through the model at once, equal ones once."""
        pairs = list(dict.fromkeys((one.query, chunk.indexed) for one in found for chunk in one.chunks))
        scores = dict(zip(pairs, self.score(pairs) if pairs else (), strict=True))
        return [
            replace(one, chunks=by_score(one.chunks, [scores[one.query, chunk.indexed] for chunk in one.chunks]))
            for one in found
        ]
