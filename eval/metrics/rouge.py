"""ROUGE-L through the rouge-score package."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=1)
def _scorer() -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], use_stemmer=False)


def rouge_l(prediction: str, answers: Sequence[str], answerable: bool) -> float | None:
    """F-measure of the longest common subsequence (Lin 2004), without stemming, the best over the accepted answers.

    rouge-score keeps ASCII letters and digits only, so the figure means little for other scripts. None on
    unanswerable questions and where there is no accepted answer.
    """
    if not answerable or not answers:
        return None
    scorer = _scorer()
    return max(float(scorer.score(answer, prediction)["rougeL"].fmeasure) for answer in answers)
