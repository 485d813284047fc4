"""MoEE wherever an embedder does (Li and Zhou 2024)."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from pipelines.retrieval.embedders import Embedder, embedders
from pipelines.retrieval.moee.embedding import MoEEEmbedder
from pipelines.retrieval.moee.encoder import encoder_of
from pipelines.retrieval.moee.settings import CombiningConfig, HubConfig, VirtualConfig
from pipelines.retrieval.moee.statistics import Statistics


class SettledConfig(CombiningConfig):
    """An embedder sees no corpus and no questions, so nothing is left to be fitted."""

    alpha: float = Field(default=1.0, ge=0, description="for sum: the weight of RW")
    statistics: Path | None = Field(
        default=None, description="for normalise: corpus: statistics.safetensors, of an index or of save_statistics"
    )

    @model_validator(mode="after")
    def _statistics_where_needed(self) -> Self:
        if (self.normalise == "corpus") != (self.statistics is not None):
            raise ValueError("normalise: corpus and statistics belong together; give both or neither")
        return self


class MoEEEmbedderConfig(HubConfig, SettledConfig):
    """Hidden state and routing weights of a mixture-of-experts language model (MoEE)."""

    kind: Literal["moee"] = "moee"


class MoEEVirtualEmbedderConfig(VirtualConfig, SettledConfig):
    """MoEE on a dense model split into virtual experts; says nothing about MoEE on a trained router."""

    kind: Literal["moee_virtual"] = "moee_virtual"


@embedders.kind(MoEEEmbedderConfig)
def moee(config: MoEEEmbedderConfig) -> Embedder:
    """Raises ``UserError`` where the named model is dense, its gate not known, or the statistics are none."""
    return _embedder(config)


@embedders.kind(MoEEVirtualEmbedderConfig)
def moee_virtual(config: MoEEVirtualEmbedderConfig) -> Embedder:
    """As ``moee``, on a dense model."""
    return _embedder(config)


def _embedder(config: MoEEEmbedderConfig | MoEEVirtualEmbedderConfig) -> Embedder:
    statistics = Statistics.load(config.statistics) if config.statistics else None
    return MoEEEmbedder(encoder_of(config), config.rw, config.combine, config.alpha, statistics)
