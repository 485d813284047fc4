"""The fields of OneGen."""

from typing import Literal

from pydantic import Field

from pipelines.effort import Effort, Volume
from pipelines.generation import LanguageModelField
from pipelines.generation.models.embedded import EmbeddedLanguageModel
from pipelines.registry import StageConfig
from pipelines.retrieval import RetrieverField
from pipelines.retrieval.bm25 import BM25Config


class OneGenConfig(StageConfig):
    """One tuned language model that finds passages and writes answers in the same pass (Zhang et al. 2024)."""

    kind: Literal["onegen"] = "onegen"
    llm: LanguageModelField = Field(default=EmbeddedLanguageModel(), description="the model that is tuned for both")
    index: Literal["chroma", "exact"] = Field(
        default="chroma", description="chroma searches an HNSW graph, exact compares every vector"
    )
    vectors: Literal["chunk", "sentence"] = Field(
        default="chunk", description="one vector a chunk, or one a sentence, of which the nearest counts"
    )
    max_length: int = Field(default=256, ge=8, description="tokens of a passage; the rest is cut off")
    batch_size: int = Field(default=8, ge=1, description="questions of one optimiser step, passages encoded at once")
    epochs: int = Field(default=3, ge=0, description="passes over the train questions; 0 leaves the model untrained")
    max_steps: int | None = Field(default=None, ge=1, description="optimiser steps after which training ends earlier")
    negatives: int = Field(default=1, ge=1, description="unsupporting passages for each search of a question")
    negatives_from: RetrieverField = Field(default=BM25Config(), description="the search whose hits are negatives")
    loss: Literal["infonce", "bpr"] = Field(
        default="infonce", description="infonce compares with all passages of the step, bpr with the search's own"
    )
    temperature: float | None = Field(
        default=None, gt=0, description="what cosines are divided by; absent: 0.02 for infonce, 1 for bpr"
    )
    weight_g: float = Field(default=1.0, ge=0, description="weight of the loss of generating")
    weight_r: float = Field(default=1.0, ge=0, description="weight of the loss of retrieving")
    sequence_norm: bool = Field(
        default=False, description="train with states normalised along the sequence, as published; for an ablation"
    )
    learning_rate: float = Field(default=5e-4, gt=0, description="peak learning rate of AdamW")
    rank: int = Field(default=16, ge=1, description="rank of the adapter matrices")
    alpha: float = Field(default=32, gt=0, description="adapter scale: the product is multiplied by alpha / rank")
    gradient_checkpointing: bool = Field(
        default=False, description="compute activations twice and keep fewer: less memory"
    )

    def effort(self, volume: Volume) -> Effort:
        """Each question is learnt with a passage to read, one to find and its negatives; then every chunk is read."""
        questions = self.epochs * volume.questions
        if self.max_steps is not None:
            questions = min(questions, self.max_steps * self.batch_size)
        passage = min(volume.passage, self.max_length)
        one = volume.question + volume.answer + (2 + self.negatives) * passage
        return Effort(tuned=questions * one, read=volume.corpus)

    @property
    def scale(self) -> float:
        """The temperature in force."""
        return self.temperature or (0.02 if self.loss == "infonce" else 1.0)
