"""Every lexical answer metric for the answers of one configuration."""

from collections.abc import Callable, Sequence
from typing import Final

from eval.metrics.columns import Column, column
from eval.metrics.contains import contains
from eval.metrics.correct import correct
from eval.metrics.exact_match import exact_match
from eval.metrics.f1 import f1
from eval.metrics.numeric_match import numeric_match
from eval.metrics.refusal import abstained
from eval.metrics.rouge import rouge_l
from pipelines.records import Answer, Question

AnswerMetric = Callable[[str, Sequence[str], bool, str], float | None]
"""(prediction, accepted answers, answerable, language) to the value, or None where the metric does not apply."""

ANSWER_METRICS: Final[dict[str, AnswerMetric]] = {
    "exact_match": lambda text, answers, answerable, language: exact_match(
        text, answers, answerable, language=language
    ),
    "f1": lambda text, answers, answerable, language: f1(text, answers, answerable, language=language),
    "contains": lambda text, answers, answerable, language: contains(text, answers, answerable),
    "rouge_l": lambda text, answers, answerable, language: rouge_l(text, answers, answerable),
    "numeric_match": lambda text, answers, answerable, language: numeric_match(
        text, answers, answerable, language=language
    ),
    "correct": lambda text, answers, answerable, language: correct(text, answers, answerable, language=language),
    "abstained": lambda text, answers, answerable, language: abstained(text, answers, answerable, language=language),
}


def score_answers(questions: Sequence[Question], answers: Sequence[Answer], language: str = "en") -> dict[str, Column]:
    """One column a metric of ``ANSWER_METRICS``, each of shape ``[n]`` in the order of ``questions``.

    An answer with an ``error`` is wrong by every metric that applies, also on an unanswerable question, and is no
    refusal. Raises ``ValueError`` where the two sequences differ in length.
    """
    pairs = list(zip(questions, answers, strict=True))
    return {
        name: column([_score(metric, question, answer, language) for question, answer in pairs])
        for name, metric in ANSWER_METRICS.items()
    }


def _score(metric: AnswerMetric, question: Question, answer: Answer, language: str) -> float | None:
    value = metric(answer.text, question.answers, question.answerable, language)
    return 0.0 if answer.error and value is not None else value
