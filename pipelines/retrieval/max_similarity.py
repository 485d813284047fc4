"""MaxSim, the score of late interaction (Khattab and Zaharia, ColBERT, SIGIR 2020).

score(query, document) = sum over the query's tokens of the highest cosine with a token of the document
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import float32, floating, intp
    from numpy.typing import NDArray

_SIMILARITIES = 2**23
"""Cosines held at once (32 MiB), unless one document has more."""


def max_similarity(
    query_vectors: "NDArray[floating]", document_vectors: "Sequence[NDArray[floating]]"
) -> "NDArray[float32]":
    """The score of each document for one query: float32, shape (documents,).

    ``query_vectors`` has shape (query tokens, dimension), each of ``document_vectors`` (its tokens, dimension), all
    unit rows. Documents are compared in blocks, so memory stays bounded. Raises ``ValueError`` for a document without
    tokens.
    """
    import numpy as np

    offsets = np.cumsum([0, *map(len, document_vectors)])
    scores = np.zeros(len(document_vectors), dtype=np.float32)
    for start, stop in blocks(offsets, len(query_vectors)):
        tokens = np.concatenate(document_vectors[start:stop])
        scores[start:stop] = score_block(query_vectors, [0], tokens, offsets[start : stop + 1] - offsets[start])[0]
    return scores


def blocks(offsets: "NDArray[intp]", query_tokens: int) -> list[tuple[int, int]]:
    """Ranges of documents whose tokens, times ``query_tokens``, are few enough to hold; ``offsets`` are where each
    document's tokens start, and the end of the last. Raises ``ValueError`` for a document without tokens."""
    import numpy as np

    if (np.diff(offsets) < 1).any():
        raise ValueError("a document needs at least one token vector")
    most = max(1, _SIMILARITIES // max(1, query_tokens))
    ranges, start = [], 0
    while start < len(offsets) - 1:
        stop = max(start + 1, int(np.searchsorted(offsets, offsets[start] + most, side="right")) - 1)
        ranges.append((start, stop))
        start = stop
    return ranges


def score_block(
    queries: "NDArray[floating]",
    query_starts: "Sequence[int] | NDArray[intp]",
    tokens: "NDArray[floating]",
    offsets: "NDArray[intp]",
) -> "NDArray[float32]":
    """Scores of a block of documents for several queries, shape (queries, documents). ``queries`` are their token
    vectors one after the other, from ``query_starts`` on; ``tokens`` those of the documents, bounded by ``offsets``."""
    import numpy as np

    similarities = queries.astype(np.float32, copy=False) @ tokens.astype(np.float32, copy=False).T
    highest = np.maximum.reduceat(similarities, offsets[:-1], axis=1)
    scores: NDArray[float32] = np.add.reduceat(highest, query_starts, axis=0)
    return scores
