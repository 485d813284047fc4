"""Per-question values as columns: one number a question, masked where the metric does not apply."""

from collections.abc import Sequence
from typing import Any

import numpy as np

Column = np.ma.MaskedArray[Any, np.dtype[np.float64]]
"""Shape ``[n]``; masked means that the metric does not apply, and ``pyarrow.array`` turns that into null."""


def column(values: Sequence[float | None]) -> Column:
    """A column of ``values``; None is masked."""
    mask = [value is None for value in values]
    return np.ma.MaskedArray([0.0 if value is None else value for value in values], mask=mask, dtype=np.float64)
