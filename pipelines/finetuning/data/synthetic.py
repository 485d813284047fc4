"""Pairs drafted from the documents: what tuning can learn where nobody has written training pairs.

Tables and key-value lines are read by rule, prose by the language model of the configuration, and an answer that does
not stand in its passage is thrown away and counted (``pipelines/corpus/drafting``). A model of 135M parameters is no
credible writer: with it, take ``llm: false``. Rules word their questions otherwise than ``assay data questions`` does,
so that a fact of a test question is taught in other words; pairs that ask what dev or test asks are left out anyway.
"""

from typing import Literal

from pydantic import Field

from pipelines.corpus.drafting.draft import Drafting, draft
from pipelines.corpus.drafting.facts import TAUGHT
from pipelines.corpus.drafting.reviews import ReviewerMinutes
from pipelines.errors import UserError
from pipelines.finetuning.data import Sources, TrainingData, TrainingSet, training_data
from pipelines.generation.prompts import training_pair
from pipelines.records import Question
from pipelines.registry import StageConfig


class SyntheticConfig(Drafting, StageConfig):
    """Pairs drafted from the documents, by rule and by the language model."""

    kind: Literal["synthetic"] = "synthetic"
    number: int = Field(default=200, ge=1, description="pairs at most")
    cell_wording: str = Field(
        default=TAUGHT.cell, description="question for the cell of a table, with {attribute} and {subject}"
    )
    line_wording: str = Field(default=TAUGHT.line, description="question for a key-value line, likewise")
    reviewer_minutes: ReviewerMinutes = 0.0


@training_data.kind(SyntheticConfig)
def synthetic(config: SyntheticConfig) -> TrainingData:
    """``counts`` holds what was thrown away by reason, and how many pairs are missing to ``number``."""

    def make(sources: Sources) -> TrainingSet:
        documents, tools = list(sources.documents.values()), sources.tools
        try:
            made = draft(documents, config, tools.complete, tools.language, sources.seed)
        except UserError as error:
            raise UserError(f"training_data: synthetic: {error}") from error
        asked = [
            Question(f"synthetic:{one.fact_id}", one.question, (one.answer,), "train", (one.passage,))
            for one in made.kept
        ]
        missing = config.number - len(asked)
        counts = {**made.dropped, **({"not drafted": missing} if missing else {})}
        return TrainingSet(tuple(map(training_pair, asked)), (), config.reviewer_minutes, counts)

    return make
