"""Answers that the passages do not hold are withdrawn: selective answering (Kamath et al. 2020, "Selective Question
Answering under Domain Shift"), with the words of the answer found in the context in place of a trained calibrator."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field

from pipelines.flows import Generate
from pipelines.generation import LanguageModel
from pipelines.generation.answering import Steps, Strategy, strategies
from pipelines.generation.answering.support import support
from pipelines.generation.prompts import UNKNOWN
from pipelines.records import Answer, Context, Question
from pipelines.registry import StageConfig


class AbstainConfig(StageConfig):
    """All passages in one prompt; an answer that they do not hold becomes a refusal."""

    kind: Literal["abstain"] = "abstain"
    support: float = Field(
        default=0.5, gt=0, le=1, description="share of the answer's content words that the passages must hold"
    )
    exempt: tuple[str, ...] = Field(
        default=("yes", "no"),
        description="answers that begin with one of these words stand; passages do not say them",
    )


@strategies.kind(AbstainConfig)
def abstain(config: AbstainConfig) -> Strategy:
    """Without passages, without content words in the answer, and where the model failed, the answer stands. Tasks whose
    answer is a label or a form, and sums over several passages, are withdrawn too: their words stand nowhere."""
    exempt = frozenset(word.casefold() for word in config.exempt)

    def steps(questions: Sequence[Question], contexts: Sequence[Context], model: LanguageModel) -> Steps:
        answers = yield Generate(tuple(questions), tuple(contexts))
        return [
            answer if stands(answer, context) else replace(answer, text=UNKNOWN)
            for answer, context in zip(answers, contexts, strict=True)
        ]

    def stands(answer: Answer, context: Context) -> bool:
        opening = answer.text.casefold().split()[:1]
        if not context.chunks or answer.error or (opening and opening[0].strip(".,;:!") in exempt):
            return True
        share = support(answer.text, "\n".join(chunk.text for chunk in context.chunks))
        return share is None or share >= config.support

    return steps
