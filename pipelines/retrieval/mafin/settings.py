"""What the kinds that learn over a black box have in common."""

from typing import Literal

from pydantic import Field

from pipelines.effort import Effort, Volume
from pipelines.registry import StageConfig
from pipelines.retrieval.embedders import EmbedderField
from pipelines.retrieval.embedders.embedded import EmbeddedConfig


class OverBlackBox(StageConfig):
    """An embedding model that stays as it is, and how something over it is trained."""

    black_box: EmbedderField = Field(
        default=EmbeddedConfig(), description="the embedding model that stays as it is, an API's or a local one"
    )
    pairs: Literal["labelled", "written"] = Field(
        default="labelled",
        description="learn from the train questions, or from the questions that enrichment hypothetical_questions had "
        "a language model write for each passage",
    )
    steps: int = Field(default=150, ge=0, description="optimiser steps; 0: nothing is trained")
    queries_per_step: int = Field(default=32, ge=2, description="queries of one step")
    positives: int = Field(
        default=1, ge=1, description="relevant passages drawn for a query in a step; from 2 on their grades count"
    )
    queries_per_passage: int = Field(
        default=1,
        ge=1,
        description="queries of a step for each relevant passage drawn: from 2 on others labelled with it join, which "
        "costs little where queries are short",
    )
    hard_negatives: int = Field(
        default=1, ge=0, description="passages drawn for a query that the black box ranks high and no label names"
    )
    learning_rate: float = Field(default=1e-4, gt=0, description="peak learning rate of AdamW")
    temperature: float = Field(default=0.05, gt=0, description="what scores are divided by in the loss")
    smoothing: float = Field(default=0.0, ge=0, lt=1, description="label smoothing; the published code has 0.2")
    loss_factor: float = Field(default=1.0, gt=0, description="factor of the loss; the published code has 0.01")
    evaluations: int = Field(default=5, ge=1, description="how often nDCG@10 on dev is looked at; the best is kept")
    patience: int = Field(default=2, ge=1, description="looks without a gain after which training stops")
    index: Literal["chroma", "exact"] = Field(
        default="chroma", description="chroma searches an HNSW graph, exact compares every vector"
    )

    def effort(self, volume: Volume) -> Effort:
        """The black box reads everything once; nothing else is read while a matrix is trained."""
        return Effort(embedded=volume.corpus + volume.questions * volume.question)
