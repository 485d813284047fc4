"""Reranking by MoEE: the hidden state and routing weights of a mixture-of-experts language model (Li and Zhou 2024)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipelines.learning import Material, Report
from pipelines.post_retrieval import Found, PostProcessor, post_processors
from pipelines.post_retrieval.ordering import PairReranker
from pipelines.retrieval.moee.embedding import MoEEEmbedder
from pipelines.retrieval.moee.encoder import encoder_of
from pipelines.retrieval.moee.fitting import Fitting
from pipelines.retrieval.moee.settings import CombiningConfig, HubConfig, VirtualConfig
from pipelines.retrieval.moee.statistics import FILE, Statistics
from pipelines.retrieval.vector_memory import embed_documents
from pipelines.tools import Tools

_DECIMALS = 5
"""Below it lies what sums differ by when equal texts meet other batch mates."""


class MoEERerankerConfig(HubConfig, CombiningConfig):
    """Passages by hidden state and routing weights of a mixture-of-experts language model (MoEE)."""

    kind: Literal["moee"] = "moee"


class MoEEVirtualRerankerConfig(VirtualConfig, CombiningConfig):
    """MoEE on a dense model split into virtual experts; says nothing about MoEE on a trained router."""

    kind: Literal["moee_virtual"] = "moee_virtual"


@post_processors.kind(MoEERerankerConfig)
def moee(config: MoEERerankerConfig) -> PostProcessor:
    """All chunks in a new order; equal scores keep theirs. A ``Learner`` where something is to be fitted: statistics of
    the corpus, or alpha. Raises ``UserError`` where the named model is dense or its gate not known."""
    return _reranker(config)


@post_processors.kind(MoEEVirtualRerankerConfig)
def moee_virtual(config: MoEEVirtualRerankerConfig) -> PostProcessor:
    """As ``moee``, on a dense model."""
    return _reranker(config)


@dataclass(frozen=True)
class FittedMoEE:
    """A ``Learner``: takes the statistics of all chunks, and alpha from the dev questions."""

    fitting: Fitting

    @property
    def identity(self) -> str:
        """The encoder's."""
        return self.fitting.encoder.identity

    def __call__(self, found: Sequence[Found], tools: Tools) -> list[Found]:
        raise RuntimeError("this reranker is not fitted: call fit, and rerank with what open returns")

    def fit(self, material: Material, folder: Path, report: Report) -> Mapping[str, float]:
        """Write statistics and alpha, those that the config asks for, into ``folder``. Raises ``UserError`` where alpha
        is chosen on dev and no dev question has a gold passage."""
        rows, reused = embed_documents(self.fitting.encoder, [chunk.indexed for chunk in material.chunks])
        statistics = self.fitting.statistics(rows)
        if statistics:
            statistics.save(folder)
        chosen = self.fitting.choose_alpha(material, rows, statistics, folder) if self.fitting.learns else {}
        return {**chosen, "reused_seconds": reused}

    def open(self, folder: Path) -> PairReranker:
        """The reranker with what ``fit`` wrote."""
        statistics = Statistics.load(folder) if (folder / FILE).is_file() else None
        return _by_cosine(self.fitting.embedder(statistics, self.fitting.alpha(folder)))


def _reranker(config: MoEERerankerConfig | MoEEVirtualRerankerConfig) -> PostProcessor:
    fitting = Fitting(encoder_of(config), config)
    if config.normalise == "corpus" or config.alpha == "dev":
        return FittedMoEE(fitting)
    return _by_cosine(fitting.embedder(None, config.alpha))


def _by_cosine(embedder: MoEEEmbedder) -> PairReranker:
    def score(pairs: Sequence[tuple[str, str]]) -> list[float]:
        queries, passages = (list(dict.fromkeys(side)) for side in zip(*pairs, strict=True))
        asked = dict(zip(queries, embedder.embed_queries(queries), strict=True))
        read = dict(zip(passages, embedder.embed_documents(passages), strict=True))
        return [round(float(asked[query] @ read[passage]), _DECIMALS) for query, passage in pairs]

    return PairReranker(embedder.identity, score)
