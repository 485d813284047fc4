"""Any causal language model of the Hugging Face hub, or of a local folder."""

from typing import Literal

from pydantic import Field

from pipelines.generation import LanguageModel, language_models
from pipelines.generation.local import LocalModel
from pipelines.generation.weights import Device, DType, Quantization, locate
from pipelines.registry import StageConfig


class HuggingFaceModel(StageConfig):
    """A causal language model by hub name or local folder, in safetensors."""

    kind: Literal["hf"] = "hf"
    name: str = Field(description="hub name such as Qwen/Qwen3-0.6B, or a folder")
    dtype: DType = Field("auto", description="number format; auto takes bfloat16 where the hardware has it")
    device: Device = Field("auto", description="auto takes CUDA, then Apple's MPS, then the CPU")
    quantization: Quantization | None = Field(None, description="4bit or 8bit; needs CUDA and bitsandbytes")


@language_models.kind(HuggingFaceModel)
def huggingface(config: HuggingFaceModel) -> LanguageModel:
    return LocalModel(
        lambda: locate(config.name), dtype=config.dtype, device=config.device, quantization=config.quantization
    )
