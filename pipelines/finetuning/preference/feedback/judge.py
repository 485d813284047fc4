"""Verdicts of a language model: each sampled answer is graded beside the reference answer.

Grading one answer at a time against a reference has no order of two answers that could sway the judge (Zheng et al.
2023, "Judging LLM-as-a-Judge", sections 3.1 and 3.4).
"""

import re
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from pipelines.errors import UserError
from pipelines.finetuning.preference.feedback import Collected, SampledConfig, Source, Sources, feedback_kinds
from pipelines.finetuning.preference.feedback.records import Feedback
from pipelines.generation import LanguageModelField
from pipelines.generation.prompts import expected
from pipelines.prompt_files import PromptText, fill, prompt_field
from pipelines.records import Answer, Prompt, Question, Spent

MOST_UNREADABLE = 0.05
"""Share of unreadable grades above which there is no feedback."""
_GRADE = re.compile(r"(?<![\d.])(10|[0-9])(?!\d|\.\d)")
_REPLY_TOKENS = 16


class JudgeFeedback(SampledConfig):
    """Sampled answers graded 0 to 10 by a language model, which sees the reference answer."""

    kind: Literal["judge"] = "judge"
    llm: LanguageModelField = Field(description="the judge; a model that is tuned here would judge its own work")
    form: Literal["chat", "completion"] = Field("chat", description="ask in the chat template, or as plain text")
    prompt: PromptText = prompt_field(__package__ or "", "judge", "{question}, {reference}, {answer}")


@feedback_kinds.kind(JudgeFeedback)
def judge(config: JudgeFeedback) -> Source:
    """Raises ``UserError`` where more than 5 % of the grades cannot be read; fewer are left out and counted."""

    def collect(sources: Sources) -> Collected:
        model, complete = sources.complete(config.llm)
        asked = [(one.question, answer) for one in sources.sampled for answer in one.answers]
        replies = complete([_prompt(model, config, *one) for one in asked], _REPLY_TOKENS)
        rows = [_verdict(model.name, *one, reply) for one, reply in zip(asked, replies, strict=True)]
        read = tuple(row for row in rows if row is not None)
        if len(rows) - len(read) > MOST_UNREADABLE * len(rows):
            raise UserError(
                f"feedback.llm: {len(rows) - len(read)} of {len(rows)} grades of {model.name} cannot be read; "
                "take another judge, or kind reference"
            )
        spent = sum((reply.spent for reply in replies), Spent())
        return Collected(read, spent, counts={"unreadable grades": len(rows) - len(read)})

    return collect


def _prompt(model: Any, config: JudgeFeedback, question: Question, answer: str) -> Prompt:
    text = fill(config.prompt.rstrip(), question=question.text, reference=expected(question), answer=answer)
    if config.form == "completion":
        return Prompt(text)
    return Prompt(model.chat("", (), text), stop=(), messages=(("user", text),))


def _verdict(name: str, question: Question, answer: str, reply: Answer) -> Feedback | None:
    grade = grade_in(reply.text) if not reply.error else None
    if grade is None:
        return None
    return Feedback(question=question.text, question_id=question.id, answer=answer, score=grade / 10, who="ai", by=name)


def grade_in(reply: str) -> int | None:
    """The one whole number from 0 to 10 in a reply; None where there is none or more than one."""
    found: Sequence[str] = _GRADE.findall(reply.replace("/10", ""))
    return int(found[0]) if len(set(found)) == 1 else None
