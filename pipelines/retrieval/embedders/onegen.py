"""A trained OneGen as an embedder: for another index, or to be scored on its own."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationInfo, model_validator

from pipelines.checksums import with_checksum
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
    folder: str | None = Field(
        default=None,
        description="what retriever kind onegen learnt: a folder with adapter_model.safetensors, relative to the "
        "experiment's; none: the model as it is",
    )
    llm: LanguageModelField = Field(default=EmbeddedLanguageModel(), description="the model it was tuned on")
    max_length: int = Field(default=256, ge=8, description="tokens of a document; the rest is cut off")
    sha256: str = Field("", description="checksum of the adapter; filled in, so that changed weights are others")

    @model_validator(mode="before")
    @classmethod
    def _with_checksum(cls, data: Any, info: ValidationInfo) -> Any:
        missing = f"{{path}} holds no {ADAPTER}; name a folder that onegen learnt into"
        return with_checksum(data, info, "folder", missing, lambda folder: [folder / ADAPTER])


@embedders.kind(OneGenEmbedderConfig)
def onegen(config: OneGenEmbedderConfig) -> Embedder:
    """The vectors of a trained OneGen's index; or of the base. Raises ``UserError`` where its folder has gone."""
    folder = Path(config.folder) if config.folder else None
    if folder and not (folder / ADAPTER).is_file():
        raise UserError(f"{folder}: the trained OneGen that embeds is not there any more")
    settings = OneGenConfig(llm=config.llm, max_length=config.max_length)
    return Encoder(language_models.build(config.llm), folder, settings)
