"""Metrics: one value per question first, means are derived from them by ``eval.statistics``.

An answer metric takes ``(prediction, answers, answerable)`` and returns a float, or None where it does not apply.
Names fit MLflow's rules: ``recall_at_5``, never ``recall@5``.
"""

from eval.metrics.answers import ANSWER_METRICS, score_answers
from eval.metrics.columns import Column, column
from eval.metrics.contains import contains
from eval.metrics.correct import correct
from eval.metrics.documents import ranked_documents, score_documents
from eval.metrics.exact_match import exact_match
from eval.metrics.f1 import f1
from eval.metrics.normalise import normalise
from eval.metrics.numeric_match import is_numeric, numeric_match
from eval.metrics.passages import gold_passage_recall, score_retrieval
from eval.metrics.refusal import abstained, is_refusal
from eval.metrics.rouge import rouge_l
from eval.metrics.similarity import similarity

__all__ = [
    "ANSWER_METRICS",
    "Column",
    "abstained",
    "column",
    "contains",
    "correct",
    "exact_match",
    "f1",
    "gold_passage_recall",
    "is_numeric",
    "is_refusal",
    "normalise",
    "numeric_match",
    "ranked_documents",
    "rouge_l",
    "score_answers",
    "score_documents",
    "score_retrieval",
    "similarity",
]
