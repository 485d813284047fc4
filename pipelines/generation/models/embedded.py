"""The language model that installs as a package: SmolLM2-135M-Instruct."""

from typing import Literal

from pydantic import Field

from pipelines.cache import cache_folder
from pipelines.generation import LanguageModel, language_models
from pipelines.generation.local import LocalModel
from pipelines.generation.weights import Device, DType, prepare_embedded
from pipelines.registry import StageConfig


class EmbeddedLanguageModel(StageConfig):
    """SmolLM2-135M-Instruct from its package: no network, no key, no GPU."""

    kind: Literal["embedded"] = "embedded"
    dtype: DType = Field("auto", description="number format; auto takes bfloat16 where the hardware has it")
    device: Device = Field("auto", description="auto takes CUDA, then Apple's MPS, then the CPU")


@language_models.kind(EmbeddedLanguageModel)
def embedded(config: EmbeddedLanguageModel) -> LanguageModel:
    return LocalModel(lambda: prepare_embedded(cache_folder()), dtype=config.dtype, device=config.device)
