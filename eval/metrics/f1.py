"""Token F1 as in the SQuAD scripts."""

from collections import Counter
from collections.abc import Sequence

from eval.metrics.normalise import scored_answers, tokens
from eval.metrics.refusal import is_refusal


def f1(prediction: str, answers: Sequence[str], answerable: bool, *, language: str = "en") -> float | None:
    """Harmonic mean of token precision and recall, the best over the accepted answers.

    With ``c`` tokens in common (counted with multiplicity), F1 = 2 c / (tokens of prediction + tokens of answer) in
    the official script's order of arithmetic; two empty token lists agree (SQuAD v2). Unanswerable questions and
    questions without answers as in ``exact_match``.
    """
    if not answerable:
        return float(is_refusal(prediction, language))
    if not answers:
        return None
    return max(_pair(tokens(answer), tokens(prediction)) for answer in scored_answers(answers))


def _pair(gold: list[str], predicted: list[str]) -> float:
    if not gold or not predicted:
        return float(gold == predicted)
    common = sum((Counter(gold) & Counter(predicted)).values())
    if common == 0:
        return 0.0
    precision, recall = common / len(predicted), common / len(gold)
    return (2 * precision * recall) / (precision + recall)
