"""Numeric equivalence: the same quantities, in other digits, separators or units."""

import re
from collections.abc import Sequence

from eval.metrics.quantities import Quantity, find_quantities

QUALIFIERS = frozenset(
    {"not", "never", "no", "less", "more", "fewer", "least", "most", "below", "above", "under", "between", "without"}
)
"""Words that change what a number says; an equivalent answer has the same ones."""
FILLERS = frozenset({"about", "approximately", "around", "roughly", "ca", "circa", "exactly", "a", "an", "the", "per"})


def numeric_match(
    prediction: str, answers: Sequence[str], answerable: bool, *, language: str = "en", tolerance: float = 1e-3
) -> float | None:
    """1 where the prediction states the same quantities as an accepted answer, in the same order and no others.

    - Units must agree, after exact conversion within one dimension (12 kg = 12,000 g; tables in ``quantities.py``).
      An answer with a unit asks for it. An answer without one does not judge the unit, except that percent is never
      a bare number.
    - Integers written out in one unit must be equal, so 2021 is not 2022. Anything else (decimals, "1.2 million",
      converted units) may differ by ``tolerance``, relative to the accepted answer: that covers rounding.
    - A hedge is no answer: "12 or 15 kg" does not match "12 kg", nor does "less than 12 kg" (``QUALIFIERS``).

    None on unanswerable questions and where no accepted answer holds a number.
    """
    golds = [answer for answer in answers if find_quantities(answer, language)]
    if not answerable or not golds:
        return None
    return float(any(_same(prediction, gold, language, tolerance) for gold in golds))


def is_numeric(answer: str, language: str = "en") -> bool:
    """Whether an answer is essentially numeric: quantities and at most a filler word such as "about" beside them."""
    found = find_quantities(answer, language)
    rest = answer
    for _, (start, end) in reversed(found):
        rest = rest[:start] + " " + rest[end:]
    return bool(found) and not set(re.findall(r"\w+", rest.lower())) - FILLERS


def _same(prediction: str, gold: str, language: str, tolerance: float) -> bool:
    said = [quantity for quantity, _ in find_quantities(prediction, language)]
    meant = [quantity for quantity, _ in find_quantities(gold, language)]
    return (
        len(said) == len(meant)
        and _qualifiers(prediction) == _qualifiers(gold)
        and all(_equal(one, other, tolerance) for one, other in zip(said, meant, strict=True))
    )


def _equal(said: Quantity, meant: Quantity, tolerance: float) -> bool:
    if said.dimension != meant.dimension and (meant.dimension or said.dimension == "percent"):
        return False
    if said.exact and meant.exact and (said.unit == meant.unit or not meant.unit):
        return said.written == meant.written
    value = said.value if meant.dimension else said.written
    return abs(value - meant.value) <= tolerance * abs(meant.value) + 1e-12


def _qualifiers(text: str) -> frozenset[str]:
    return QUALIFIERS & frozenset(re.findall(r"[a-z]+", text.lower()))
