"""A matrix over the black box's vectors of queries: the cheapest thing that training pairs can do for a black box.

    s(q, p) = cos(W q, p)

The passages' vectors and their index stay those of the black box. LlamaIndex and Chroma document adapters of this form;
it is the rival that an augmenter has to beat.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from pipelines.learning import Material, Report
from pipelines.records import Chunk
from pipelines.retrieval import Retriever, Search, retrievers
from pipelines.retrieval.dense import Dense, DenseConfig
from pipelines.retrieval.embedders import Embedder, embedders
from pipelines.retrieval.mafin.black_box import fetch
from pipelines.retrieval.mafin.concatenation import identity_over
from pipelines.retrieval.mafin.settings import OverBlackBox

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

_FILE, _MATRIX = "adapter.safetensors", "matrix"


class LinearAdapterConfig(OverBlackBox):
    """A black-box embedding whose query vectors pass through a trained matrix."""

    kind: Literal["linear_adapter"] = "linear_adapter"
    steps: int = Field(default=300, ge=0, description="optimiser steps; 0: the identity, so the black box itself")
    queries_per_step: int = Field(default=256, ge=2, description="queries of one step")
    hard_negatives: int = Field(default=4, ge=0, description="passages drawn for a query that the black box ranks high")
    learning_rate: float = Field(default=1e-3, gt=0, description="peak learning rate of AdamW")


@dataclass(frozen=True)
class AdaptedEmbedder:
    """An ``Embedder``: the black box, with ``matrix``, shape (dimension, dimension), applied to query vectors."""

    black_box: Embedder
    matrix: "NDArray[float32]"

    @property
    def name(self) -> str:
        """The black box's, adapted."""
        return f"{self.black_box.name}, adapted"

    @property
    def identity(self) -> str:
        """Hash of the black box and the matrix, and the black box's machine."""
        return identity_over(self.black_box, self.matrix.tobytes())

    @property
    def dimension(self) -> int:
        """The black box's."""
        return self.black_box.dimension

    def embed_documents(self, texts: Sequence[str]) -> "NDArray[float32]":
        """The black box's vectors: float32, shape (texts, dimension)."""
        return fetch(self.black_box, texts, "documents").vectors

    def embed_queries(self, texts: Sequence[str]) -> "NDArray[float32]":
        """Unit rows of ``W q``: float32, shape (texts, dimension)."""
        import numpy as np

        rows = self.black_box.embed_queries(texts) @ self.matrix.T
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens the black box reads of each text."""
        return self.black_box.count_tokens(texts)


@dataclass(frozen=True)
class LinearAdapter:
    """A ``LearningRetriever``: a dense index whose queries are adapted."""

    config: LinearAdapterConfig
    black_box: Embedder

    parts = ()

    @property
    def identity(self) -> str:
        """The black box's."""
        return self.black_box.identity

    @property
    def learns(self) -> bool:
        """Whether the matrix is trained."""
        return self.config.steps > 0

    def learn(self, material: Material, parts: Sequence[Search], folder: Path, report: Report) -> Mapping[str, float]:
        """Train the matrix and write it (safetensors). Raises ``UserError`` as ``Mafin.learn`` does."""
        from pipelines.retrieval.mafin.scorers import LinearScorer
        from pipelines.retrieval.mafin.task import prepare
        from pipelines.retrieval.mafin.training import train

        task = prepare(material, self.black_box, self.config)
        scorer = LinearScorer(task.passages.vectors.shape[1])
        measured = train(scorer, task, self.config, material.seed, report)
        _write(folder, scorer.matrix.detach().numpy())
        spent = {"embedding_tokens": task.tokens, "reused_seconds": task.reused_seconds}
        return {**measured, **spent, "train_questions": float(len(task.queries.texts))}

    def build(self, chunks: Sequence[Chunk], folder: Path) -> Mapping[str, float]:
        """Write the black box's vectors, as a dense index does; the identity too where nothing is trained."""
        import numpy as np

        if not self.learns:
            _write(folder, np.eye(self.black_box.dimension, dtype=np.float32))
        return self._dense(folder).build(chunks, folder)

    def open(self, chunks: Sequence[Chunk], folder: Path, parts: Sequence[Search]) -> Search:
        """The search with adapted queries."""
        return self._dense(folder).open(chunks, folder, parts)

    def _dense(self, folder: Path) -> Dense:
        from safetensors.numpy import load_file

        embedder = AdaptedEmbedder(self.black_box, load_file(folder / _FILE)[_MATRIX])
        return Dense(DenseConfig(index=self.config.index), embedder)


def _write(folder: Path, matrix: "NDArray[float32]") -> None:
    from safetensors.numpy import save_file

    save_file({_MATRIX: matrix}, folder / _FILE)


@retrievers.kind(LinearAdapterConfig)
def linear_adapter(config: LinearAdapterConfig, language: str) -> Retriever:
    """The language plays no part."""
    return LinearAdapter(config, embedders.build(config.black_box))
