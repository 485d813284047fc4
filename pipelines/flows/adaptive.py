"""Retrieval only where it is needed: the model answers from its weights where it is sure, and reads where it is not.

Adaptive retrieval after Jeong et al. 2024 (Adaptive-RAG), with a threshold in the place of a classifier: on the
confidence of the closed-book answer, which an intervention gives, or on the search's score of the best passage. The
threshold is a grid over configurations, so dev chooses it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, cast

from pydantic import Field

from pipelines.errors import UserError
from pipelines.flows import Flow, Generate, Outcome, Retrieve, Steps, flows
from pipelines.generation import LanguageModel
from pipelines.generation.prompts import UNKNOWN
from pipelines.records import Answer, Context, Question
from pipelines.registry import StageConfig


class AdaptiveFlow(StageConfig):
    """Answers from the weights where the model is sure, from passages where it is not."""

    kind: Literal["adaptive"] = "adaptive"
    decide: Literal["confidence", "score"] = Field(
        default="confidence",
        description="by the confidence of the closed-book answer, or by the search's score of the best passage",
    )
    threshold: float = Field(
        description="least confidence for which nothing is retrieved, or least score for which passages are read"
    )
    unsure: Literal["retrieve", "abstain"] = Field(
        default="retrieve", description="what is done without confidence; abstain answers that it is not known"
    )


@flows.kind(AdaptiveFlow)
def adaptive(config: AdaptiveFlow) -> Flow:
    """Raises ``UserError`` where answers carry no confidence. Where a search finds nothing, nothing is read."""

    def by_confidence(questions: Sequence[Question], model: LanguageModel) -> Steps:
        asked = tuple(questions)
        contexts = [Context()] * len(asked)
        answers = cast(list[Answer], (yield Generate(asked, tuple(contexts))))
        doubtful = [place for place, answer in enumerate(answers) if not _sure(answer, config.threshold)]
        if config.unsure == "abstain":
            for place in doubtful:
                answers[place] = replace(answers[place], text=UNKNOWN)
        elif doubtful:
            again = tuple(asked[place] for place in doubtful)
            found = cast(list[Context], (yield Retrieve(again, tuple(question.text for question in again))))
            replies = cast(list[Answer], (yield Generate(again, tuple(found))))
            for place, context, reply in zip(doubtful, found, replies, strict=True):
                contexts[place], answers[place] = context, reply
        return Outcome(tuple(contexts), tuple(answers))

    def by_score(questions: Sequence[Question], model: LanguageModel) -> Steps:
        asked = tuple(questions)
        found = cast(list[Context], (yield Retrieve(asked, tuple(question.text for question in asked))))
        contexts = tuple(one if _near(one, config.threshold) else replace(one, chunks=()) for one in found)
        answers = cast(list[Answer], (yield Generate(asked, contexts)))
        if config.unsure == "abstain":
            answers = [
                answer if context.chunks else replace(answer, text=UNKNOWN)
                for answer, context in zip(answers, contexts, strict=True)
            ]
        return Outcome(contexts, tuple(answers))

    return by_confidence if config.decide == "confidence" else by_score


def _sure(answer: Answer, threshold: float) -> bool:
    if answer.error:
        return False
    if answer.confidence is None:
        raise UserError(
            "flow adaptive: answers carry no confidence; give the configuration an intervention (otter, probe, "
            "probability or reward_model), or decide by score"
        )
    return answer.confidence >= threshold


def _near(context: Context, threshold: float) -> bool:
    return context.best is not None and context.best >= threshold
