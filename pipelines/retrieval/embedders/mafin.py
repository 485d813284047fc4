"""A trained Mafin as an embedder: for another index, or to be scored on its own."""

import json
from pathlib import Path
from typing import Literal

from pydantic import Field

from pipelines.errors import UserError
from pipelines.registry import StageConfig
from pipelines.retrieval.embedders import Embedder, EmbedderField, embedders
from pipelines.retrieval.embedders.embedded import EmbeddedConfig
from pipelines.retrieval.mafin.augmenter import Augmenter, AugmenterConfig
from pipelines.retrieval.mafin.concatenation import ConcatenatedEmbedder
from pipelines.retrieval.mafin.retriever import AUGMENTER, WEIGHT


class MafinEmbedderConfig(StageConfig):
    """A trained Mafin: a black box and the augmenter that was trained beside it, as one vector."""

    kind: Literal["mafin"] = "mafin"
    folder: Path = Field(description="what retriever kind mafin learnt: a folder with augmenter/ and weight.json")
    black_box: EmbedderField = Field(default=EmbeddedConfig(), description="the black box it was trained beside")
    augmenter: AugmenterConfig = Field(
        default=AugmenterConfig(), description="how the augmenter reads texts; its name and layers are the folder's"
    )


@embedders.kind(MafinEmbedderConfig)
def mafin(config: MafinEmbedderConfig) -> Embedder:
    """Raises ``UserError`` where the folder holds no trained Mafin."""
    if not (config.folder / WEIGHT).is_file():
        raise UserError(
            f"embedder kind mafin: folder {config.folder} holds no {WEIGHT}; name one that mafin learnt into"
        )
    weight = json.loads((config.folder / WEIGHT).read_text(encoding="utf-8"))
    augmenter = Augmenter.load(config.folder / AUGMENTER, config.augmenter)
    return ConcatenatedEmbedder(embedders.build(config.black_box), augmenter, weight)
