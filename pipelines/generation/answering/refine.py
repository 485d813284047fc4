"""Answer from the first passage, then improve on the answer with each further one: the refine mode of LangChain and
LlamaIndex, the incremental updating of Chang et al. 2023 ("BooookScore")."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pipelines.flows import Generate
from pipelines.generation import LanguageModel
from pipelines.generation.answering import Steps, Strategy, strategies
from pipelines.generation.answering.partial import passage, says_something
from pipelines.records import Answer, Context, Question
from pipelines.registry import StageConfig


class RefineConfig(StageConfig):
    """One passage after the other, with the answer so far beside it."""

    kind: Literal["refine"] = "refine"


@strategies.kind(RefineConfig)
def refine(config: RefineConfig) -> Strategy:
    """As many rounds as the longest context has passages. An empty answer or a refusal does not take the place of an
    answer. A failed request ends its question, so that it is counted and shown."""

    def steps(questions: Sequence[Question], contexts: Sequence[Context], model: LanguageModel) -> Steps:
        opening = tuple(replace(context, chunks=context.chunks[:1]) for context in contexts)
        answers: list[Answer] = list((yield Generate(tuple(questions), opening)))
        for number in range(1, max((len(context.chunks) for context in contexts), default=0)):
            going = [
                place
                for place, context in enumerate(contexts)
                if len(context.chunks) > number and not answers[place].error
            ]
            if not going:
                break
            read = tuple(_beside(questions[place], answers[place], contexts[place], number) for place in going)
            replies = yield Generate(tuple(questions[place] for place in going), read)
            for place, reply in zip(going, replies, strict=True):
                answers[place] = _better(answers[place], reply)
        return answers

    return steps


def _beside(question: Question, answer: Answer, context: Context, number: int) -> Context:
    """The answer so far, where it says something, and passage ``number``."""
    so_far = [passage(question, answer)] if says_something(answer) else []
    return replace(context, chunks=(*so_far, context.chunks[number]))


def _better(before: Answer, reply: Answer) -> Answer:
    keeps = not reply.error and says_something(before) and not says_something(reply)
    return replace(reply, text=before.text) if keeps else reply
