"""Search by MoEE: the hidden state and routing weights of a mixture-of-experts language model (Li and Zhou 2024, "Your
Mixture-of-Experts LLM Is Secretly an Embedding Model For Free").

No training: texts are read once and both parts are stored as one vector, which the machinery of dense search indexes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pipelines.learning import Material, Report
from pipelines.records import Chunk
from pipelines.retrieval import Retriever, Search, retrievers
from pipelines.retrieval.dense import Dense, VectorSearchConfig, vector_file
from pipelines.retrieval.made_with import record_embedder
from pipelines.retrieval.moee.encoder import Encoder, encoder_of
from pipelines.retrieval.moee.fitting import Fitting, row_blocks
from pipelines.retrieval.moee.settings import CombiningConfig, HubConfig, VirtualConfig
from pipelines.retrieval.moee.statistics import FILE, Statistics
from pipelines.retrieval.vector_memory import embed_documents

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

_ROWS = "rows.npy"
_TEXTS_AT_ONCE = 8192


class MoEEConfig(HubConfig, CombiningConfig, VectorSearchConfig):
    """Search by hidden state and routing weights of a mixture-of-experts language model (MoEE)."""

    kind: Literal["moee"] = "moee"


class MoEEVirtualConfig(VirtualConfig, CombiningConfig, VectorSearchConfig):
    """MoEE on a dense model split into virtual experts; says nothing about MoEE on a trained router."""

    kind: Literal["moee_virtual"] = "moee_virtual"


@dataclass(frozen=True)
class MoEE:
    """Dense retrieval over combined vectors. A ``LearningRetriever`` where alpha is chosen on dev."""

    config: MoEEConfig | MoEEVirtualConfig
    encoder: Encoder

    parts = ()

    @property
    def identity(self) -> str:
        """The encoder's."""
        return self.encoder.identity

    @property
    def learns(self) -> bool:
        """Whether alpha is chosen on dev."""
        return self._fitting.learns

    def learn(self, material: Material, parts: Sequence[Search], folder: Path, report: Report) -> Mapping[str, float]:
        """Read the chunks, choose alpha on dev and write it; the rows stay in ``folder`` for ``build``. Raises
        ``UserError`` where no dev question has a gold passage."""
        rows, reused = self._rows(material.chunks, folder)
        statistics = self._fitting.statistics(rows)
        return {**self._fitting.choose_alpha(material, rows, statistics, folder), "reused_seconds": reused}

    def build(self, chunks: Sequence[Chunk], folder: Path) -> Mapping[str, float]:
        """Write ``embeddings.npy``, float32, shape (chunks, dimension), unit rows, and ``statistics.safetensors`` where
        numbers are normalised."""
        read = not (folder / _ROWS).is_file()
        rows, reused = self._rows(chunks, folder)
        statistics = self._fitting.statistics(rows)
        if statistics:
            statistics.save(folder)
        embedder = self._fitting.embedder(statistics, self._fitting.alpha(folder))
        record_embedder(embedder, folder)
        vectors, start = vector_file(folder, (len(chunks), embedder.dimension)), 0
        for block in row_blocks(rows):
            vectors[start : start + len(block)] = embedder.vectors(block)
            start += len(block)
        vectors.flush()
        (folder / _ROWS).unlink()
        tokens = float(sum(self.encoder.count_tokens([chunk.indexed for chunk in chunks])))
        return {"embedding_tokens": tokens, **({"reused_seconds": reused} if read else {})}

    def open(self, chunks: Sequence[Chunk], folder: Path, parts: Sequence[Search]) -> Search:
        """The search over the vectors in ``folder``; a score is the cosine, under ``sum`` that of the weighted sum over
        (1 + alpha). Raises ``UserError`` where the vectors were made otherwise: by another model, prompt, combination
        or with other statistics than lie beside them."""
        statistics = Statistics.load(folder) if (folder / FILE).is_file() else None
        embedder = self._fitting.embedder(statistics, self._fitting.alpha(folder))
        return Dense(self.config, embedder).open(chunks, folder, parts)

    @cached_property
    def _fitting(self) -> Fitting:
        return Fitting(self.encoder, self.config)

    def _rows(self, chunks: Sequence[Chunk], folder: Path) -> "tuple[NDArray[float32], float]":
        """The encoder's rows of all chunks, from ``folder`` where ``learn`` left them, and the seconds that rows read
        before, for another index, saved."""
        import numpy as np

        if (folder / _ROWS).is_file():
            return np.load(folder / _ROWS, mmap_mode="r" if chunks else None, allow_pickle=False), 0.0
        rows, reused = vector_file(folder, (len(chunks), self.encoder.dimension), _ROWS), 0.0
        for start in range(0, len(chunks), _TEXTS_AT_ONCE):
            texts = [chunk.indexed for chunk in chunks[start : start + _TEXTS_AT_ONCE]]
            rows[start : start + len(texts)], saved = embed_documents(self.encoder, texts)
            reused += saved
        return rows, reused


@retrievers.kind(MoEEConfig)
def moee(config: MoEEConfig, language: str) -> Retriever:
    """Raises ``UserError`` where the named model is dense or of a family whose gate is not known."""
    return MoEE(config, encoder_of(config))


@retrievers.kind(MoEEVirtualConfig)
def moee_virtual(config: MoEEVirtualConfig, language: str) -> Retriever:
    """As ``moee``, on a dense model."""
    return MoEE(config, encoder_of(config))
