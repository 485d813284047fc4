"""Several rankings of one query merged into one."""

from collections.abc import Callable, Sequence

from pipelines.records import Hits

Place = Callable[[str], int]
"""Where a chunk stands in the corpus: the order of chunks with equal scores."""


def reciprocal_rank(lists: Sequence[Hits], weights: Sequence[float], k: float, depth: int, place: Place) -> Hits:
    """Reciprocal rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009).

    score(chunk) = sum over lists of weight / (k + rank), ranks from 1; a chunk that a list lacks gets nothing from it.
    """
    shares = [[1 / (k + rank) for rank in range(1, len(found.chunk_ids) + 1)] for found in lists]
    return _weighted_sum(lists, shares, weights, depth, place)


def convex(lists: Sequence[Hits], weights: Sequence[float], minima: Sequence[float], depth: int, place: Place) -> Hits:
    """Convex combination of normalised scores (Bruch, Gai and Ingber, TOIS 2023).

    score(chunk) = sum over lists of weight x (score - low) / (high - low), weights scaled to sum to 1. ``high`` is the
    list's best score; ``low`` its worst (min-max), or its value in ``minima`` where there are any, the least score the
    retriever can give (theoretical min-max). A chunk that a list lacks gets nothing from it; where high equals low
    every hit of the list counts 1. Not all weights may be 0.
    """
    lows = minima or [min(found.scores, default=0.0) for found in lists]
    shares = [_scaled(found.scores, low) for found, low in zip(lists, lows, strict=True)]
    total = sum(weights)
    return _weighted_sum(lists, shares, [weight / total for weight in weights], depth, place)


def _scaled(scores: Sequence[float], low: float) -> list[float]:
    width = max(scores, default=low) - low
    return [(score - low) / width if width > 0 else 1.0 for score in scores]


def _weighted_sum(
    lists: Sequence[Hits], shares: Sequence[Sequence[float]], weights: Sequence[float], depth: int, place: Place
) -> Hits:
    """The ``depth`` best chunks by the weighted sum of their shares, equal sums in corpus order."""
    scores: dict[str, float] = {}
    for found, shared, weight in zip(lists, shares, weights, strict=True):
        for chunk_id, share in zip(found.chunk_ids, shared, strict=True):
            scores[chunk_id] = scores.get(chunk_id, 0.0) + weight * share
    order = sorted(scores, key=lambda chunk_id: (-scores[chunk_id], place(chunk_id)))[:depth]
    return Hits(tuple(order), tuple(scores[chunk_id] for chunk_id in order))
