"""The train split as it is given: question and answer, without context."""

from typing import Literal

from pydantic import Field

from pipelines.corpus.drafting.reviews import ReviewerMinutes
from pipelines.corpus.sampling import spread
from pipelines.finetuning.data import Sources, TrainingData, TrainingSet, training_data
from pipelines.generation.prompts import training_pair
from pipelines.registry import StageConfig


class PairsConfig(StageConfig):
    """The question-answer pairs of the train split."""

    kind: Literal["pairs"] = "pairs"
    limit: int | None = Field(default=None, ge=1, description="pairs to take, spread over the split; absent takes all")
    reviewer_minutes: ReviewerMinutes = 0.0


@training_data.kind(PairsConfig)
def pairs(config: PairsConfig) -> TrainingData:
    def make(sources: Sources) -> TrainingSet:
        questions = sources.questions
        if config.limit is not None and config.limit < len(questions):
            questions = spread(questions, config.limit, sources.seed)
        return TrainingSet(tuple(map(training_pair, questions)), reviewer_minutes=config.reviewer_minutes)

    return make
