"""Exact match as in the SQuAD scripts."""

from collections.abc import Sequence

from eval.metrics.normalise import normalise, scored_answers
from eval.metrics.refusal import is_refusal


def exact_match(prediction: str, answers: Sequence[str], answerable: bool, *, language: str = "en") -> float | None:
    """1 where the normalised prediction equals a normalised accepted answer, otherwise 0.

    The gold answer of an unanswerable question is the empty one (SQuAD v2): any refusal equals it. None where an
    answerable question names no answer (a dataset that judges retrieval alone).
    """
    if not answerable:
        return float(is_refusal(prediction, language))
    if not answers:
        return None
    return float(normalise(prediction) in {normalise(answer) for answer in scored_answers(answers)})
