"""From scores to hits: the one place where a ranking is cut and its ties are broken."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.records import Hits

if TYPE_CHECKING:
    from numpy import floating, intp
    from numpy.typing import NDArray


def best(scores: "NDArray[floating]", depth: int) -> "NDArray[intp]":
    """Positions of the ``depth`` highest scores, best first; equal scores in their order."""
    import numpy as np

    if depth < len(scores):
        # Everything that ties with the last place is kept, so that order and not chance decides among equals.
        least = np.partition(scores, len(scores) - depth)[len(scores) - depth]
        candidates = np.flatnonzero(scores >= least)
    else:
        candidates = np.arange(len(scores))
    return candidates[np.argsort(-scores[candidates], kind="stable")][:depth]


def hits(chunk_ids: Sequence[str], positions: "NDArray[intp]", scores: "NDArray[floating]") -> Hits:
    """The hits at ``positions`` of ``chunk_ids`` with the scores found there."""
    return Hits(tuple(chunk_ids[position] for position in positions), tuple(float(scores[p]) for p in positions))
