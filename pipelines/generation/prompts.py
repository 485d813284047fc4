"""Prompt candidates: how a question, its context and a few worked examples become the text a model reads.

The candidates differ in wording, form (chat template or plain completion) and number of examples. Which one an arm
uses is chosen on the dev split; the list is the same for every arm.
"""

from collections.abc import Sequence
from os.path import commonprefix
from random import Random
from typing import Literal

from pydantic import Field

from pipelines.generation import LanguageModel
from pipelines.records import Context, Prompt, Question, TrainingPair
from pipelines.registry import Closed

UNKNOWN = "unknown"
"""What a model is told to answer where the answer is not to be had."""

INSTRUCTION = f"Answer in as few words as possible. If the answer is not known, answer: {UNKNOWN}."


class PromptTemplate(Closed):
    """One candidate."""

    name: str = Field(description="how tables and parameters call this candidate")
    form: Literal["completion", "chat"] = Field(
        "completion", description="plain text to continue, or the chat template"
    )
    examples: int = Field(0, ge=0, le=32, description="worked examples from the train split")
    choose: Literal["spread", "nearest"] = Field(
        "spread", description="examples of many kinds, or for each question the training pairs nearest to it"
    )
    instruction: str = Field(INSTRUCTION, description="what the model is told first; empty for nothing")


PLAIN = PromptTemplate(name="plain", examples=0, instruction="")
"""The form that tuning trains on: nothing but passages, question and answer."""

DEFAULT_TEMPLATES = (
    PLAIN,
    PromptTemplate(name="completion_2", examples=2),
    PromptTemplate(name="completion_4", examples=4),
    PromptTemplate(name="chat_2", form="chat", examples=2),
)


def choose_examples(train: Sequence[Question], count: int, seed: int) -> list[Question]:
    """Worked examples from the train split: seeded, and of as many different kinds as there are, commonest first."""
    by_kind: dict[str, list[Question]] = {}
    for question in train:
        by_kind.setdefault(question.kind, []).append(question)
    random = Random(seed)
    piles = sorted(by_kind.values(), key=len, reverse=True)
    for pile in piles:
        random.shuffle(pile)
    chosen: list[Question] = []
    while len(chosen) < min(count, len(train)):
        for pile in piles:
            if pile and len(chosen) < count:
                chosen.append(pile.pop())
    return chosen


def render(
    template: PromptTemplate,
    model: LanguageModel,
    examples: Sequence[tuple[Question, Context]],
    question: Question,
    context: Context,
) -> Prompt:
    """The prompt for one question; ``examples`` are used up to the template's number."""
    shots = examples[: template.examples]
    if template.form == "completion":
        opening = f"{template.instruction}\n\n" if template.instruction else ""
        prefix = opening + "".join(f"{_task(q, c)}\nAnswer: {expected(q)}\n\n" for q, c in shots)
        return Prompt(f"{prefix}{_task(question, context)}\nAnswer:", prefix, stop=("\n",))
    turns = [(_task(q, c), expected(q)) for q, c in shots]
    text = model.chat(template.instruction, turns, _task(question, context))
    # What comes before the question is what two chats with different questions have in common.
    prefix = commonprefix([model.chat(template.instruction, turns, x) for x in ("A", "B")])  # noqa: RUF071
    messages = [("system", template.instruction)] if template.instruction else []
    for asked, answered in turns:
        messages += [("user", asked), ("assistant", answered)]
    messages.append(("user", _task(question, context)))
    return Prompt(text, prefix if text.startswith(prefix) else "", ("\n",), tuple(messages))


def training_pair(question: Question, context: Context = Context()) -> TrainingPair:  # noqa: B008 - frozen
    """The supervised example of a question, in the plain form."""
    return TrainingPair(f"{_task(question, context)}\nAnswer:", f" {expected(question)}\n", question.id, question.text)


def expected(question: Question) -> str:
    """The answer a model should have given: the preferred form, or the refusal."""
    return question.answers[0] if question.answerable and question.answers else UNKNOWN


def _task(question: Question, context: Context) -> str:
    passages = "".join(f"Passage: {chunk.text.strip()}\n" for chunk in context.chunks)
    return f"{passages}Question: {question.text}"
