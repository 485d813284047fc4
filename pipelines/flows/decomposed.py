"""Sub-questions answered first: least-to-most prompting (Zhou et al. 2022) with retrieval, as in the advanced RAG lab
of the KDD 2024 tutorial.

The language model writes the sub-questions, all at once, so one cannot build on the answer to another; each is
retrieved for and answered; then the question itself is answered from the sub-answers, which are read first, and the
passages found for the question. The query transform ``decompose`` is the cheaper half of this: it only searches.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, cast

from pydantic import Field

from pipelines.flows import Complete, Flow, Generate, Outcome, Retrieve, Steps, flows
from pipelines.generation import LanguageModel
from pipelines.generation.answering.partial import passage, says_something
from pipelines.pre_retrieval.query.writing import LIST_END, Writing
from pipelines.prompt_files import PromptText, prompt_field
from pipelines.records import Answer, Context, Question
from pipelines.registry import StageConfig


class DecomposedFlow(StageConfig):
    """Sub-questions are retrieved for and answered, then the question with their answers."""

    kind: Literal["decomposed"] = "decomposed"
    sub_questions: int = Field(default=4, ge=1, le=8, description="most sub-questions taken")
    max_new_tokens: int = Field(default=96, ge=1, description="tokens of all sub-questions together")
    prompt: PromptText = prompt_field("pipelines.pre_retrieval.query", "decompose", "{question}")


@flows.kind(DecomposedFlow)
def decomposed(config: DecomposedFlow) -> Flow:
    """Sub-answers that are empty or refusals are left out. A question without sub-questions is answered as in the
    linear flow; one for which a request failed ends with that failure, so that it is counted and shown."""
    writing = Writing(config.prompt, config.max_new_tokens, config.sub_questions, LIST_END)

    def steps(questions: Sequence[Question], model: LanguageModel) -> Steps:
        asked = tuple(questions)
        prompts = tuple(writing.prompt(question.text) for question in asked)
        written = cast(list[Answer], (yield Complete(asked, prompts, config.max_new_tokens)))
        parts = [_parts(question, answer, writing) for question, answer in zip(asked, written, strict=True)]
        everything = (*asked, *(part for own in parts for part in own))
        found = cast(list[Context], (yield Retrieve(everything, tuple(question.text for question in everything))))
        contexts, answered = found[: len(asked)], everything[len(asked) :]
        answers: list[Answer] = []
        if answered:
            answers = cast(list[Answer], (yield Generate(answered, tuple(found[len(asked) :]))))
        by_part = dict(zip((part.id for part in answered), answers, strict=True))
        contexts = [_with_answers(context, own, by_part) for context, own in zip(contexts, parts, strict=True)]
        failures = [
            next((reply for reply in (plan, *(by_part[part.id] for part in own)) if reply.error), None)
            for plan, own in zip(written, parts, strict=True)
        ]
        sound = [place for place, failure in enumerate(failures) if failure is None]
        last: list[Answer] = []
        if sound:
            final = Generate(tuple(asked[place] for place in sound), tuple(contexts[place] for place in sound))
            last = cast(list[Answer], (yield final))
        replies = iter(last)
        return Outcome(tuple(contexts), tuple(failure or next(replies) for failure in failures))

    return steps


def _parts(question: Question, answer: Answer, writing: Writing) -> list[Question]:
    texts = writing.usable(question.text, answer)
    return [replace(question, id=f"{question.id}/{number}", text=text) for number, text in enumerate(texts, start=1)]


def _with_answers(context: Context, parts: Sequence[Question], answers: Mapping[str, Answer]) -> Context:
    """The sub-answers that say something, each behind its sub-question, before the question's own passages."""
    notes = [passage(part, answers[part.id]) for part in parts if says_something(answers[part.id])]
    return replace(context, chunks=(*notes, *context.chunks))
