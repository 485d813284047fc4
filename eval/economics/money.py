"""Dollars in a sentence."""

from math import floor, log10


def money(amount: float) -> str:
    """Whole dollars from 100 on, cents below, two significant digits where cents would say too little."""
    size, sign = abs(amount), "-" if amount < 0 else ""
    if size >= 99.995:
        return f"{sign}${size:,.0f}"
    if size == 0:
        return "$0.00"
    if size < 1e-6:
        return f"{sign}${size:.1e}"
    return f"{sign}${size:.{max(2, 1 - floor(log10(size)))}f}"
