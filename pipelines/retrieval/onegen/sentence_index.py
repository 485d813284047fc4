"""An index with a vector for each sentence: a chunk counts by the nearest of its sentences.

Vectors are kept as late interaction keeps those of tokens, in two bytes a number, and every one is compared.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.records import Chunk, Hits
from pipelines.retrieval.dense import Nearest
from pipelines.retrieval.made_with import check_embedder, record_embedder
from pipelines.retrieval.onegen.encoder import Encoder
from pipelines.retrieval.ranking import best, hits
from pipelines.retrieval.token_file import append_tokens, read_tokens

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

_TEXTS_AT_ONCE = 256
_DECIMALS = 4


def build(encoder: Encoder, chunks: Sequence[Chunk], folder: Path) -> Mapping[str, float]:
    """Write the vectors of all sentences and where each chunk's begin."""
    record_embedder(encoder, folder)
    texts = [chunk.indexed for chunk in chunks]
    blocks = (texts[start : start + _TEXTS_AT_ONCE] for start in range(0, len(texts), _TEXTS_AT_ONCE))
    vectors = append_tokens(folder, encoder.dimension, (encoder.embed_sentences(block) for block in blocks))
    return {"embedding_tokens": float(sum(encoder.count_tokens(texts))), "vectors": float(vectors)}


def open_vectors(encoder: Encoder, chunks: Sequence[Chunk], folder: Path) -> Nearest:
    """The search over the sentences in ``folder``. Raises ``UserError`` where they are another model's."""
    import numpy as np

    check_embedder(encoder, folder)
    vectors, offsets = read_tokens(folder)
    ids = [chunk.id for chunk in chunks]

    def nearest(rows: "NDArray[float32]", depth: int) -> list[Hits]:
        if not ids:
            return [Hits((), ())] * len(rows)
        found = []
        for cosines in rows @ vectors.astype(np.float32).T:
            scores = np.maximum.reduceat(cosines, offsets[:-1]).round(_DECIMALS)
            found.append(hits(ids, best(scores, depth), scores))
        return found

    return nearest
