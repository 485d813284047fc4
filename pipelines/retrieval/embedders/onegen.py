"""A trained OneGen as an embedder: for another index, or to be scored on its own."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from pipelines.errors import UserError
from pipelines.generation import LanguageModelField, language_models
from pipelines.generation.models.embedded import EmbeddedLanguageModel
from pipelines.registry import StageConfig
from pipelines.retrieval.embedders import Embedder, embedders
from pipelines.retrieval.onegen.config import OneGenConfig
from pipelines.retrieval.onegen.encoder import ADAPTER, Encoder


class OneGenEmbedderConfig(StageConfig):
    """A trained OneGen: the states at the retrieval tokens behind a question and behind a passage."""

    kind: Literal["onegen"] = "onegen"
    folder: Path | None = Field(
        default=None,
        description="what retriever kind onegen learnt: a folder with adapter_model.safetensors; none: the model as "
        "it is",
    )
    llm: LanguageModelField = Field(default=EmbeddedLanguageModel(), description="the model it was tuned on")
    max_length: int = Field(default=256, ge=8, description="tokens of a document; the rest is cut off")


@embedders.kind(OneGenEmbedderConfig)
def onegen(config: OneGenEmbedderConfig) -> Embedder:
    """Raises ``UserError`` where the folder holds no trained OneGen."""
    if config.folder is not None and not (config.folder / ADAPTER).is_file():
        raise UserError(
            f"embedder kind onegen: folder {config.folder} holds no {ADAPTER}; name one that onegen learnt into"
        )
    settings = OneGenConfig(llm=config.llm, max_length=config.max_length)
    return Encoder(language_models.build(config.llm), config.folder, settings)
