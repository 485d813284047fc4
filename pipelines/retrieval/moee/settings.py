"""What every form of MoEE can be told: which model, which prompt, and how its two parts become one vector."""

from typing import Literal, Self

from pydantic import Field, model_validator

from pipelines.effort import Effort, Volume
from pipelines.generation.weights import Device, DType
from pipelines.registry import StageConfig
from pipelines.retrieval.moee.combining import Combine, Routing
from pipelines.retrieval.moee.gates import Gate
from pipelines.retrieval.moee.prompts import Prompt

SHORTEST = 32
"""Tokens that PromptEOL and a few words need."""


class ReadingConfig(StageConfig):
    """How texts are read."""

    prompt: Prompt = Field(
        default="prompteol", description="prompteol asks for the sentence in one word; none reads the text as it stands"
    )
    max_length: int = Field(
        default=512, ge=SHORTEST, description="tokens of a text with its prompt; a longer text loses its end"
    )
    batch_size: int = Field(default=32, ge=1, description="texts read at once, those of like length together")
    dtype: DType = Field(
        default="float32", description="bfloat16 is faster where the hardware has it; its vectors vary with the batch"
    )
    device: Device = Field(default="auto", description="auto takes a GPU where there is one")


class HubConfig(ReadingConfig):
    """A trained mixture-of-experts model."""

    name: str = Field(description="a mixture-of-experts causal model: a folder, or a name on the Hugging Face hub")
    gate: Gate | Literal["auto"] = Field(
        default="auto", description="what turns router logits into weights; auto knows it by the model's family"
    )
    quantization: Literal["auto", "none", "4bit", "8bit"] = Field(
        default="auto", description="auto is 4bit where there are CUDA and bitsandbytes, whole weights elsewhere"
    )


class VirtualConfig(ReadingConfig):
    """A dense model read as a virtual mixture of experts."""

    name: str | None = Field(
        default=None, description="a dense causal model with gated feed-forward layers; absent: the embedded SmolLM2"
    )
    experts: int = Field(default=16, ge=2, description="virtual experts a layer; they divide its neurons evenly")


class CombiningConfig(StageConfig):
    """How the hidden state (HS) and the routing weights (RW) become one vector."""

    rw: Routing = Field(
        default="softmax",
        description="softmax: what the model's gate gives every expert (a sigmoid in some families); logits: before it",
    )
    normalise: Literal["none", "corpus"] = Field(
        default="none", description="corpus: every number by its mean and deviation over the indexed texts (z-score)"
    )
    combine: Combine = Field(
        default="sum", description="hs or rw alone, concat: both behind each other, sum: cos(HS) + alpha cos(RW)"
    )
    alpha: float | Literal["dev"] = Field(
        default=1.0, description="for sum: the weight of RW; dev chooses it by nDCG@10 on the dev questions"
    )

    def effort(self, volume: Volume) -> Effort:
        """The language model reads every chunk."""
        return Effort(read=volume.corpus)

    @model_validator(mode="after")
    def _alpha_fits(self) -> Self:
        if self.alpha != "dev" and not 0 <= self.alpha < float("inf"):
            raise ValueError(f"alpha must be 0 or more, not {self.alpha}")
        if self.alpha == "dev" and self.combine != "sum":
            raise ValueError(f"alpha: dev weighs the parts of combine: sum, not of {self.combine}")
        return self
