"""Token vectors of many texts in one ``.npy`` file, written as they come and read as a memory map."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from numpy import float16, float32, int64
    from numpy.typing import NDArray

_VECTORS, _OFFSETS = "token_vectors.npy", "token_offsets.npy"


def append_tokens(folder: Path, dimension: int, parts: "Iterable[Sequence[NDArray[float32]]]") -> int:
    """Write the vectors of all texts, float16, shape (tokens, dimension), and their offsets, int64, shape (texts + 1,).

    ``parts`` are batches of texts, each an array of shape (tokens, dimension); one batch is held at a time. Returns
    the number of tokens.
    """
    import numpy as np

    offsets = [0]
    with (folder / _VECTORS).open("wb") as file:
        # How many rows there will be is known at the end only. NumPy leaves room in the header for this axis to grow.
        begins = _write_header(file, 0, dimension)
        for part in parts:
            for vectors in part:
                file.write(vectors.astype(np.float16).tobytes())
                offsets.append(offsets[-1] + len(vectors))
        file.seek(0)
        if _write_header(file, offsets[-1], dimension) != begins:
            raise RuntimeError("the header of the token vectors has grown")
    np.save(folder / _OFFSETS, np.array(offsets, dtype=np.int64), allow_pickle=False)
    return offsets[-1]


def read_tokens(folder: Path) -> "tuple[NDArray[float16], NDArray[int64]]":
    """Vectors, left on disk where there are any, and offsets."""
    import numpy as np

    offsets = np.load(folder / _OFFSETS, allow_pickle=False)
    # An empty file cannot be mapped.
    vectors = np.load(folder / _VECTORS, mmap_mode="r" if offsets[-1] else None, allow_pickle=False)
    return vectors, offsets


def _write_header(file: BinaryIO, rows: int, dimension: int) -> int:
    """Returns the position after it."""
    import numpy as np

    shape = {"descr": "<f2", "fortran_order": False, "shape": (rows, dimension)}
    np.lib.format.write_array_header_1_0(file, shape)
    return file.tell()
