"""Answer normalisation of the official SQuAD evaluation scripts (Rajpurkar et al. 2016, 2018)."""

import re
import string
from collections.abc import Sequence

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = frozenset(string.punctuation)


def normalise(text: str) -> str:
    """Lower case, without ASCII punctuation, without English articles, single spaces; in this order."""
    lowered = "".join(character for character in text.lower() if character not in _PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", lowered).split())


def tokens(text: str) -> list[str]:
    """The words of the normalised text."""
    return normalise(text).split()


def scored_answers(answers: Sequence[str]) -> list[str]:
    """The accepted answers that are not empty once normalised; the empty answer where none is left (SQuAD v2)."""
    return [answer for answer in answers if normalise(answer)] or [""]
