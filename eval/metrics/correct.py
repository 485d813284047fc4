"""The declared rule for "this answer is right"; the money is reckoned from it."""

from collections.abc import Sequence

from eval.metrics.exact_match import exact_match
from eval.metrics.numeric_match import is_numeric, numeric_match


def correct(prediction: str, answers: Sequence[str], answerable: bool, *, language: str = "en") -> float | None:
    """1 for a normalised exact match with an accepted answer, or for numeric equivalence with an accepted answer that
    is essentially numeric; on an unanswerable question 1 for a refusal. None as in ``exact_match``."""
    exact = exact_match(prediction, answers, answerable, language=language)
    if exact is None or exact == 1.0:
        return exact
    numeric = [answer for answer in answers if is_numeric(answer, language)]
    return numeric_match(prediction, numeric, answerable, language=language) or 0.0
