"""How the report writes numbers. ``js/numbers.js`` writes the same ones the same way; a browser test holds them equal.

All take plain floats in the units of ``eval.results`` and return text with a real minus sign.
"""

import math

MINUS = "\N{MINUS SIGN}"
NARROW = "\N{NO-BREAK SPACE}"


def significant(value: float, digits: int = 3) -> str:
    """``value`` >= 0 to ``digits`` significant digits, without an exponent and without trailing zeros."""
    if value == 0:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(value)))
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def signed(value: float, text: str) -> str:
    """``text`` of a magnitude with the sign of ``value``; what rounds to nought carries no sign."""
    return MINUS + text if value < 0 and any(digit in text for digit in "123456789") else text


def money(value: float) -> str:
    """US dollars: whole above a hundred, cents above one, three significant digits below."""
    size = abs(value)
    if size >= 100 or size == 0:
        text = f"{size:,.0f}"
    elif size >= 1:
        text = f"{size:.2f}"
    else:
        text = significant(size)
        whole, _, decimals = text.partition(".")
        text = f"{whole}.{decimals.ljust(2, '0')}"
    return signed(value, f"${text}")


def score(value: float) -> str:
    """A metric between 0 and 1, or a difference of two: two decimals, one significant digit below 0.01."""
    size = abs(value)
    return signed(value, significant(size, 1) if 0.0005 <= size < 0.01 else f"{size:,.2f}")


def fine_score(value: float) -> str:
    """A difference to three decimals, where the margin it is held against is small."""
    return signed(value, f"{abs(value):.3f}")


def percent(share: float) -> str:
    """A share as a percentage, with a decimal below one per cent."""
    hundred = abs(share) * 100
    return signed(share, (f"{hundred:.1f}" if 0 < hundred < 1 else f"{hundred:,.0f}") + NARROW + "%")


def count(value: float) -> str:
    """A whole number with thousands separators."""
    return signed(value, f"{abs(value):,.0f}")


def volume(value: float) -> str:
    """A number of questions, to three significant digits: a break-even is not known to the last question."""
    return signed(value, significant(abs(value)) if abs(value) < 100 else f"{float(f'{abs(value):.3g}'):,.0f}")


def seconds(value: float) -> str:
    """A request time, in seconds to three significant digits."""
    return f"{significant(value)}{NARROW}s"


def duration(value: float) -> str:
    """A stretch of work: seconds below two minutes, minutes below two hours, hours beyond."""
    if value < 120:
        return seconds(value)
    if value < 7200:
        return f"{value / 60:.0f}{NARROW}min"
    return f"{value / 3600:.1f}{NARROW}h"
