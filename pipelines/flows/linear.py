"""Retrieve once, then answer."""

from collections.abc import Sequence
from typing import Literal, cast

from pipelines.flows import Flow, Generate, Outcome, Retrieve, Steps, flows
from pipelines.generation import LanguageModel
from pipelines.records import Answer, Context, Question
from pipelines.registry import StageConfig


class LinearFlow(StageConfig):
    """Retrieve once for the question as it stands, then answer."""

    kind: Literal["linear"] = "linear"


@flows.kind(LinearFlow)
def linear(config: LinearFlow) -> Flow:
    def steps(questions: Sequence[Question], model: LanguageModel) -> Steps:
        asked = tuple(questions)
        contexts = tuple(cast(list[Context], (yield Retrieve(asked, tuple(question.text for question in asked)))))
        answers = tuple(cast(list[Answer], (yield Generate(asked, contexts))))
        return Outcome(contexts, answers)

    return steps
