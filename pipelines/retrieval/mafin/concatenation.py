"""Black box and augmenter as one embedder:  e = [sqrt(w) e_bb ; sqrt(1 - w) e_theta].

Both parts are unit vectors, so e is one too, and the cosine of two of them is w s_bb + (1 - w) s_theta. One index of
such vectors serves the weighted sum.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from pipelines.retrieval.embedders import Embedder
from pipelines.retrieval.mafin.augmenter import Augmenter
from pipelines.retrieval.mafin.black_box import fetch

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray


@dataclass(frozen=True)
class ConcatenatedEmbedder:
    """An ``Embedder``; ``weight`` is the black box's share of the score, 0 to 1."""

    black_box: Embedder
    augmenter: Augmenter
    weight: float

    @property
    def name(self) -> str:
        """Both names."""
        return f"{self.black_box.name} + {self.augmenter.config.name}"

    @property
    def identity(self) -> str:
        """Hash of both parts and the weight, and the black box's machine."""
        return identity_over(self.black_box, f"{self.augmenter.hash} {self.weight!r}".encode())

    @property
    def dimension(self) -> int:
        """The lengths of both vectors together."""
        return self.black_box.dimension + self.augmenter.dimension

    def embed_documents(self, texts: Sequence[str]) -> "NDArray[float32]":
        """One unit row for each text: float32, shape (texts, dimension)."""
        vectors = fetch(self.black_box, texts, "documents").vectors
        return concatenate(vectors, self.augmenter.embed(texts, "document"), self.weight)

    def embed_queries(self, texts: Sequence[str]) -> "NDArray[float32]":
        """As ``embed_documents``; the black box's vectors are not kept, because questions of users are many."""
        return concatenate(self.black_box.embed_queries(texts), self.augmenter.embed(texts, "query"), self.weight)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens the black box reads of each text: those that are billed."""
        return self.black_box.count_tokens(texts)


def identity_over(black_box: Embedder, trained: bytes) -> str:
    """What vectors depend on that are made of a black box's and of something trained over it. Behind the colon stands
    what may differ between the machine that built an index and the one that serves it."""
    weights, _, machine = black_box.identity.partition(":")
    return f"{sha256(weights.encode() + trained).hexdigest()[:16]}:{machine}"


def concatenate(black_box: "NDArray[float32]", augmenter: "NDArray[float32]", weight: float) -> "NDArray[float32]":
    """``[sqrt(weight) black_box ; sqrt(1 - weight) augmenter]`` row by row, from unit rows."""
    import numpy as np

    joined: NDArray[float32] = np.concatenate(
        [np.float32(weight**0.5) * black_box, np.float32((1 - weight) ** 0.5) * augmenter], axis=1
    )
    return joined
