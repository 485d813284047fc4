"""What is asked about one question, and which questions a metric applies to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isnan
from random import Random
from typing import Any

from eval.judging.config import Metric
from eval.judging.conversations import Conversation
from eval.judging.replies import NoReply, UnreadableReply
from eval.scores import Embed
from eval.statistics.seeds import fan_out
from pipelines.records import Answer, Context, Question

OPENINGS = (
    "",
    "Read the following task with care, then do it.\n\n",
    "Here is a task. Work through it and give the output it asks for.\n\n",
    "Please carry out the task below.\n\n",
    "You are asked to do the following.\n\n",
)
"""What is put before the prompt of ragas at each repeat: nothing at first, so the first asking is ragas to the letter,
then words that do not change the task."""

_READS = {
    "faithfulness": ("question", "answer", "contexts"),
    "answer_relevancy": ("question", "answer"),
    "context_precision": ("question", "reference", "contexts"),
    "context_recall": ("question", "reference", "contexts"),
    "factual_correctness": ("answer", "reference"),
}
_RAGAS_NAMES = {
    "question": "user_input",
    "answer": "response",
    "contexts": "retrieved_contexts",
    "reference": "reference",
}
_ORDER_IS_IDLE = ("faithfulness", "context_recall")
"""Metrics that read all passages at once; the order of passages is no part of what they measure."""


@dataclass(frozen=True)
class Sample:
    """What a judge sees of one question. ``reference`` is the preferred accepted answer, empty where there is none."""

    question: str
    answer: str
    contexts: tuple[str, ...]
    reference: str


@dataclass(frozen=True)
class Judgement:
    """A value; or None with the ``problem``, without one where ragas defines no value. ``failed``: no reply at all."""

    value: float | None
    problem: str = ""
    failed: bool = False


def samples(questions: Sequence[Question], answers: Sequence[Answer], contexts: Sequence[Context]) -> list[Sample]:
    """One sample a question; a failed answer is an empty one."""
    return [
        Sample(
            question.text,
            "" if answer.error else answer.text.strip(),
            tuple(chunk.text for chunk in context.chunks if chunk.text.strip()),
            question.answers[0] if question.answerable and question.answers else "",
        )
        for question, answer, context in zip(questions, answers, contexts, strict=True)
    ]


def applies(metric: Metric, sample: Sample) -> bool:
    """Whether the metric means anything for the question. Without an accepted answer there is nothing to compare
    with, and a refusal, right as it is then, would count as irrelevant: so only faithfulness is left."""
    return bool(sample.reference) or metric == "faithfulness"


def without_asking(metric: Metric, sample: Sample) -> float | None:
    """0 where the metric reads an answer and there is none, or passages and none were found; ragas refuses those."""
    return None if all(getattr(sample, field) for field in _READS[metric]) else 0.0


def reads_contexts(metric: Metric) -> bool:
    return "contexts" in _READS[metric]


def calls_per_question(metrics: Sequence[Metric], passages: int, repeats: int = 1) -> int:
    """The most judge calls one question takes, for estimates."""
    calls = {"faithfulness": 2, "answer_relevancy": 1, "context_precision": passages, "context_recall": 1}
    return repeats * sum(calls.get(metric, 4) for metric in metrics)


def conversations(
    metric: Metric, asked: Sequence[Sample], embed: Embed | None, *, repeat: int = 0, seed: int = 0
) -> list[Conversation[Judgement]]:
    """The judgements of ``asked``, not yet begun. A ``repeat`` above 0 opens in other words and shuffles the passages
    where their order should not matter: a greedy judge gives equal replies to equal prompts, so asking again in the
    same words would show no variance."""
    from eval.judging.ragas_metrics import ragas_metric

    scorer = ragas_metric(metric, embed, OPENINGS[repeat])
    if repeat and metric in _ORDER_IS_IDLE:
        asked = [_shuffled(sample, fan_out(seed, "passages", repeat, number)) for number, sample in enumerate(asked)]
    return [_judgement(metric, scorer, sample) for sample in asked]


def _shuffled(sample: Sample, seed: int) -> Sample:
    passages = list(sample.contexts)
    Random(seed).shuffle(passages)
    return replace(sample, contexts=tuple(passages))


async def _judgement(metric: Metric, scorer: Any, sample: Sample) -> Judgement:
    read = {_RAGAS_NAMES[field]: getattr(sample, field) for field in _READS[metric]}
    if "retrieved_contexts" in read:
        read["retrieved_contexts"] = list(sample.contexts)
    try:
        value = float((await scorer.ascore(**read)).value)
    except UnreadableReply as fault:
        return Judgement(None, str(fault), isinstance(fault, NoReply))
    return Judgement(None if isnan(value) else value)
