"""Random vectors that lie in clusters, as those of texts do: what a large index is measured on without embedding it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

CENTRES = 1000
DIMENSION = 384
SPREAD = 1.0
"""Length of the random part against the centre's: a cosine of about 0.5 between two of one cluster."""


def clustered(count: int, seed: int) -> "NDArray[float32]":
    """Unit rows around 1,000 random centres, shape (count, 384). The centres are the same for every seed."""
    import numpy as np

    centres = np.random.default_rng(0).standard_normal((CENTRES, DIMENSION), dtype=np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    random = np.random.default_rng(seed)
    rows = centres[random.integers(CENTRES, size=count)]
    rows += random.standard_normal((count, DIMENSION), dtype=np.float32) * np.float32(SPREAD / DIMENSION**0.5)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows
