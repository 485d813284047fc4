"""A trained Mafin as an embedder: for another index, or to be scored on its own."""

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationInfo, model_validator

from pipelines.checksums import with_checksum
from pipelines.errors import UserError
from pipelines.registry import StageConfig
from pipelines.retrieval.embedders import Embedder, EmbedderField, embedders
from pipelines.retrieval.embedders.embedded import EmbeddedConfig
from pipelines.retrieval.mafin.augmenter import Augmenter, AugmenterConfig
from pipelines.retrieval.mafin.concatenation import ConcatenatedEmbedder
from pipelines.retrieval.mafin.retriever import AUGMENTER, WEIGHT


def _files(folder: Path) -> list[Path]:
    weight = folder / WEIGHT
    return [weight, *sorted((folder / AUGMENTER).rglob("*"))] if weight.is_file() else []


class MafinEmbedderConfig(StageConfig):
    """A trained Mafin: a black box and the augmenter that was trained beside it, as one vector."""

    kind: Literal["mafin"] = "mafin"
    folder: str = Field(
        description="what retriever kind mafin learnt: a folder with augmenter/ and weight.json, relative to the "
        "experiment's"
    )
    black_box: EmbedderField = Field(default=EmbeddedConfig(), description="the black box it was trained beside")
    augmenter: AugmenterConfig = Field(
        default=AugmenterConfig(), description="how the augmenter reads texts; its name and layers are the folder's"
    )
    sha256: str = Field("", description="checksum of what is in it; filled in, so that changed weights are others")

    @model_validator(mode="before")
    @classmethod
    def _with_checksum(cls, data: Any, info: ValidationInfo) -> Any:
        missing = f"{{path}} holds no {WEIGHT}; name a folder that mafin learnt into"
        return with_checksum(data, info, "folder", missing, _files)


@embedders.kind(MafinEmbedderConfig)
def mafin(config: MafinEmbedderConfig) -> Embedder:
    """The vectors of a trained Mafin's index. Raises ``UserError`` where its folder has gone."""
    folder = Path(config.folder)
    if not _files(folder):
        raise UserError(f"{folder}: the trained Mafin that embeds is not there any more")
    weight = json.loads((folder / WEIGHT).read_text(encoding="utf-8"))
    augmenter = Augmenter.load(folder / AUGMENTER, config.augmenter)
    return ConcatenatedEmbedder(embedders.build(config.black_box), augmenter, weight)
