"""All passages in one prompt."""

from collections.abc import Sequence
from typing import Literal

from pipelines.flows import Generate
from pipelines.generation import LanguageModel
from pipelines.generation.answering import Steps, Strategy, strategies
from pipelines.records import Answer, Context, Question
from pipelines.registry import StageConfig


class StuffConfig(StageConfig):
    """All passages in one prompt."""

    kind: Literal["stuff"] = "stuff"


@strategies.kind(StuffConfig)
def stuff(config: StuffConfig) -> Strategy:
    def steps(questions: Sequence[Question], contexts: Sequence[Context], model: LanguageModel) -> Steps:
        answers: list[Answer] = yield Generate(tuple(questions), tuple(contexts))
        return answers

    return steps
