"""Vectors this process has made already: indexes that share chunks embed each of them once.

What was reused is reported in seconds, so that an index is charged for all the embedding it rests on.
"""

from collections.abc import Sequence
from time import perf_counter
from typing import TYPE_CHECKING

from pipelines.retrieval.embedders import Embedder
from pipelines.retrieval.made_with import check_length

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

LARGEST = 20_000
"""Beyond so many vectors no more are remembered: a large corpus is not held twice."""

_made: "dict[tuple[str, str], tuple[NDArray[float32], float]]" = {}


def embed_documents(embedder: Embedder, texts: Sequence[str]) -> "tuple[NDArray[float32], float]":
    """Unit rows of ``texts``, shape (texts, dimension), and the seconds that remembering saved. Raises ``UserError``
    where the vectors have another length than the embedder said."""
    import numpy as np

    identity = embedder.identity
    fresh = [text for text in dict.fromkeys(texts) if (identity, text) not in _made]
    started = perf_counter()
    made = embedder.embed_documents(fresh) if fresh else np.zeros((0, embedder.dimension), dtype=np.float32)
    check_length(embedder, made.shape[1])
    rows = dict(zip(fresh, made, strict=True))
    per_character = (perf_counter() - started) / max(1, sum(map(len, fresh)))
    reused = dict.fromkeys(text for text in texts if text not in rows)
    saved = sum(_made[identity, text][1] for text in reused)
    vectors = [rows[text] if text in rows else _made[identity, text][0] for text in texts]
    for text in fresh[: max(0, LARGEST - len(_made))]:
        _made[identity, text] = (rows[text], per_character * len(text))
    return np.array(vectors, dtype=np.float32).reshape(len(texts), embedder.dimension), saved
