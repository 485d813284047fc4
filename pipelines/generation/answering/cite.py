"""Answers with checked citations: the passages are numbered and the model ends its answer with [n], as in ALCE (Gao
et al. 2023, "Enabling Large Language Models to Generate Text with Citations").

A citation counts where passage n holds the answer, by words (see ``support``); ALCE checks by entailment. ``repair``
is the paper's post-hoc citing: where the model cites nothing, passages that hold the answer are looked up.

The prompt is the strategy's own, as dev's candidates show no citations: a tuned model sees a form it was not tuned on.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field

from pipelines.flows import Complete, Generate
from pipelines.generation import LanguageModel
from pipelines.generation.answering import Steps, Strategy, strategies
from pipelines.generation.answering.partial import says_something
from pipelines.generation.answering.support import support
from pipelines.prompt_files import PromptText, fill, prompt_field
from pipelines.records import Answer, Chunk, Context, Prompt, Question
from pipelines.registry import StageConfig

_CITATION = re.compile(r"\s*\[\s*(\d{1,4}(?:\s*[,;]\s*\d{1,4})*)\s*\]")
_QUOTED = re.compile(r'^["“](.+)["”]\.?$', re.DOTALL)
_PLACEHOLDER = re.compile(r"\{(?:passages|question)\}")


class CiteConfig(StageConfig):
    """Answers that name the passages they are from, checked."""

    kind: Literal["cite"] = "cite"
    support: float = Field(
        default=0.8, gt=0, le=1, description="share of the answer's content words that a cited passage must hold"
    )
    repair: bool = Field(default=True, description="look up the passages that hold an answer which cites none")
    max_new_tokens: int = Field(default=48, ge=1, description="tokens of the longest answer with its citations")
    prompt: PromptText = prompt_field(__package__ or "", "cite", "{passages}, {question}")


@strategies.kind(CiteConfig)
def cite(config: CiteConfig) -> Strategy:
    """Citations of an answer are ids of chunks, in the order the model gave them, those looked up in reading order.
    Refusals and answers without content words, such as a number sign, have none."""
    template = config.prompt.rstrip()
    prefix = _PLACEHOLDER.split(template)[0]

    def prompt(question: Question, context: Context) -> Prompt:
        numbered = enumerate((" ".join(chunk.text.split()) for chunk in context.chunks), start=1)
        passages = "\n".join(f"Passage [{number}]: {text}" for number, text in numbered)
        return Prompt(fill(template, passages=passages, question=question.text), prefix)

    def steps(questions: Sequence[Question], contexts: Sequence[Context], model: LanguageModel) -> Steps:
        answers: dict[int, Answer] = {}
        bare = [place for place, context in enumerate(contexts) if not context.chunks]
        if bare:
            empty = tuple(contexts[place] for place in bare)
            replies = yield Generate(tuple(questions[place] for place in bare), empty)
            answers |= zip(bare, replies, strict=True)
        cited = [place for place, context in enumerate(contexts) if context.chunks]
        if cited:
            prompts = tuple(prompt(questions[place], contexts[place]) for place in cited)
            replies = yield Complete(tuple(questions[place] for place in cited), prompts, config.max_new_tokens)
            for place, reply in zip(cited, replies, strict=True):
                answers[place] = _checked(config, reply, contexts[place].chunks)
        return [answers[place] for place in range(len(questions))]

    return steps


def _checked(config: CiteConfig, reply: Answer, chunks: Sequence[Chunk]) -> Answer:
    """The answer without marks and quotes, and with the citations that hold it."""
    given = [int(number) for marks in _CITATION.findall(reply.text) for number in re.findall(r"\d+", marks)]
    answer = replace(reply, text=_QUOTED.sub(r"\1", _CITATION.sub("", reply.text).strip()))
    if not says_something(answer):
        return answer
    numbers = given or (range(1, len(chunks) + 1) if config.repair else [])
    named = [chunks[number - 1] for number in dict.fromkeys(numbers) if 1 <= number <= len(chunks)]
    held = [chunk.id for chunk in named if (support(answer.text, chunk.text) or 0.0) >= config.support]
    return replace(answer, citations=tuple(held))
