"""The model that answers also searches: it writes until it asks for a passage, reads it and goes on.

The inference of OneGen (Zhang et al. 2024).
"""

from collections.abc import Sequence
from typing import Literal, cast

from pydantic import Field

from pipelines.flows import Flow, Interleave, Outcome, Steps, flows
from pipelines.generation import LanguageModel
from pipelines.records import Question
from pipelines.registry import StageConfig


class InterleavedFlow(StageConfig):
    """The retriever's own model answers, and searches while it does; for retrievers that write (onegen)."""

    kind: Literal["interleaved"] = "interleaved"
    searches: int = Field(default=5, ge=1, le=20, description="most searches for one question")


@flows.kind(InterleavedFlow)
def interleaved(config: InterleavedFlow) -> Flow:
    """Prompt templates and the configuration's language model play no part: the model was tuned on a form of its
    own."""

    def steps(questions: Sequence[Question], model: LanguageModel) -> Steps:
        return cast(Outcome, (yield Interleave(tuple(questions), config.searches)))

    return steps
