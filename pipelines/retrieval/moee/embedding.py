"""MoEE as an embedder: unit vectors from an encoder's rows, with statistics and alpha that are settled."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.retrieval.moee.combining import Combine, Routing, combined, dimension, gated
from pipelines.retrieval.moee.encoder import Encoder
from pipelines.retrieval.moee.statistics import Statistics

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray


@dataclass(frozen=True)
class MoEEEmbedder:
    """An ``Embedder``. ``statistics`` are None where nothing is normalised, ``alpha`` counts under ``sum`` alone."""

    encoder: Encoder
    rw: Routing
    combine: Combine
    alpha: float
    statistics: Statistics | None

    @property
    def name(self) -> str:
        """The model's, and what was made of it."""
        sum_of = f" with alpha {self.alpha:g}" if self.combine == "sum" else ""
        z_score = f", z-scored by the statistics {self.statistics.digest}" if self.statistics else ""
        return f"{self.encoder.name} (MoEE, {self.combine}{sum_of}{z_score})"

    @property
    def identity(self) -> str:
        """The encoder's, its hash extended by how the parts are combined and normalised."""
        hash_, _, machine = self.encoder.identity.partition(":")
        text = "\n".join([hash_, self.rw, self.name])
        return f"{hashlib.sha256(text.encode()).hexdigest()[:16]}:{machine}"

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return dimension(self.encoder.layout, self.combine)

    def embed_documents(self, texts: Sequence[str]) -> "NDArray[float32]":
        """One unit row for each text: float32, shape (texts, dimension)."""
        return self.vectors(self.encoder.embed_documents(texts))

    embed_queries = embed_documents

    def vectors(self, rows: "NDArray[float32]") -> "NDArray[float32]":
        """Unit vectors, float32, shape (texts, dimension), from the encoder's rows."""
        import numpy as np

        layout = self.encoder.layout
        parts = gated(rows, layout, self.rw)
        if self.statistics:
            parts = self.statistics.apply(parts)
        return combined(parts, layout.hidden, self.combine, self.alpha).astype(np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens the model reads of each text, those of the prompt among them."""
        return self.encoder.count_tokens(texts)
