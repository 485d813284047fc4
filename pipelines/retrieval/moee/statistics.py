"""The z-score of MoEE: mean and deviation of every number over the indexed texts, frozen with the index.

The published code takes them over the batch at hand instead, so that a vector depends on its batch mates and a batch of
one is all zeros. Frozen, they make a vector a function of its text alone.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import UserError

if TYPE_CHECKING:
    from numpy import float32, floating
    from numpy.typing import NDArray

FILE = "statistics.safetensors"
_LEAST = 1e-8
"""Added to every deviation, as in the published code."""


@dataclass(frozen=True)
class Statistics:
    """``mean`` and ``deviation``: float32, shape (width,)."""

    mean: "NDArray[float32]"
    deviation: "NDArray[float32]"

    @classmethod
    def of(cls, blocks: "Iterable[NDArray[floating]]", width: int) -> "Statistics":
        """Mean and unbiased deviation (n - 1) of rows that come in blocks of shape (texts, width), merged as by Chan,
        Golub and LeVeque (1983). Of fewer than two rows the deviation is 1."""
        import numpy as np

        count, mean, squares = 0, np.zeros(width), np.zeros(width)
        for block in blocks:
            rows = np.asarray(block, dtype=np.float64)
            if not len(rows):
                continue
            shift, total = rows.mean(0) - mean, count + len(rows)
            squares += ((rows - rows.mean(0)) ** 2).sum(0) + shift**2 * count * len(rows) / total
            mean, count = mean + shift * len(rows) / total, total
        deviation = np.sqrt(squares / (count - 1)) if count > 1 else np.ones(width)
        return cls(mean.astype(np.float32), deviation.astype(np.float32))

    def apply(self, rows: "NDArray[floating]") -> "NDArray[floating]":
        """Rows of shape (texts, width) as z-scores."""
        return (rows - self.mean) / (self.deviation + _LEAST)

    @property
    def digest(self) -> str:
        """Hash of the numbers, 8 hex digits."""
        return hashlib.sha256(self.mean.tobytes() + self.deviation.tobytes()).hexdigest()[:8]

    def save(self, folder: Path) -> None:
        """Write ``statistics.safetensors``."""
        from safetensors.numpy import save_file

        save_file({"mean": self.mean, "deviation": self.deviation}, folder / FILE)

    @classmethod
    def load(cls, path: Path) -> "Statistics":
        """What ``save`` wrote; ``path`` is the file or its folder. Raises ``UserError`` where there is none."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        file = path / FILE if path.is_dir() else path
        try:
            found = load_file(file)
            return cls(found["mean"], found["deviation"])
        except (OSError, SafetensorError, KeyError) as error:
            raise UserError(f"statistics: {file} holds no mean and deviation of MoEE; name an index of it") from error
