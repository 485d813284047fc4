"""Vectors of an embedding model that is never trained, each asked for once.

They are kept in the cache folder in blocks, written as they come. So training never calls the model again, and what an
API gave before it failed is not paid for twice.
"""

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Literal

from pipelines.cache import cache_folder
from pipelines.errors import UserError
from pipelines.retrieval.embedders import Embedder
from pipelines.retrieval.vector_memory import embed_documents

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

Asked = Literal["queries", "documents"]

_AT_ONCE = 256
"""Texts of a block: what is lost at most when an API fails."""

Known = Mapping[bytes, "tuple[NDArray[float32], float]"]
"""Vector and machine seconds by the hash of the text."""


@dataclass(frozen=True)
class Fetched:
    """``vectors`` are unit rows, float32, shape (texts, dimension). ``reused_seconds`` were spent on those of them that
    had been fetched before."""

    vectors: "NDArray[float32]"
    reused_seconds: float


def fetch(embedder: Embedder, texts: Sequence[str], asked: Asked) -> Fetched:
    """The embedder's vectors of ``texts``; only those it was never asked for are asked for. Raises ``UserError`` where
    it fails half-way, which a later call resumes, or where the length of its vectors has changed."""
    import numpy as np

    folder = cache_folder() / "vectors" / _hash(embedder.identity).hex() / asked
    keys = [_hash(text) for text in texts]
    known = _read(folder, set(keys))
    saved = sum(seconds for _, seconds in known.values())
    missing = list(dict.fromkeys(text for text, key in zip(texts, keys, strict=True) if key not in known))
    for start in range(0, len(missing), _AT_ONCE):
        some = missing[start : start + _AT_ONCE]
        began = perf_counter()
        rows, reused = _ask(embedder, some, asked, done=start, wanted=len(missing))
        _check(embedder, known, rows, folder)
        seconds = (perf_counter() - began + reused) / len(some)
        saved += reused
        block = {_hash(text): (row, seconds) for text, row in zip(some, rows, strict=True)}
        _write(folder, block)
        known |= block
    vectors = np.array([known[key][0] for key in keys], dtype=np.float32)
    return Fetched(vectors.reshape(len(texts), -1 if texts else embedder.dimension), saved)


def _ask(
    embedder: Embedder, texts: Sequence[str], asked: Asked, done: int, wanted: int
) -> "tuple[NDArray[float32], float]":
    try:
        if asked == "documents":
            return embed_documents(embedder, texts)
        return embedder.embed_queries(texts), 0.0
    except UserError:
        raise
    except Exception as error:  # the errors of an API are of classes unknown here
        reason = (str(error).strip() or type(error).__name__).split("\n")[0]
        raise UserError(
            f"black_box: {embedder.name} failed after {done:,} of {wanted:,} {asked} ({reason}); "
            "their vectors are kept: run again to go on from there"
        ) from error


def _check(embedder: Embedder, known: Known, rows: "NDArray[float32]", folder: Path) -> None:
    if not known:
        return
    before, _ = next(iter(known.values()))  # all that is known has one length
    if len(before) != rows.shape[1]:
        raise UserError(
            f"black_box: {embedder.name} gives vectors of {rows.shape[1]} numbers, and gave {len(before)} before; "
            f"name the model it was, or delete {folder.parent} to fetch all anew"
        )


def _read(folder: Path, wanted: set[bytes]) -> "dict[bytes, tuple[NDArray[float32], float]]":
    import numpy as np

    found = {}
    for path in sorted(folder.glob("*.npz")):
        try:
            with np.load(path, allow_pickle=False) as block:
                keys, vectors, seconds = (block[name] for name in ("keys", "vectors", "seconds"))
        except (ValueError, KeyError, EOFError, zipfile.BadZipFile):
            path.unlink()  # damaged: its texts are asked for again
            continue
        for key, row, each in zip(keys, vectors, seconds, strict=True):
            if key.tobytes() in wanted:
                found[key.tobytes()] = (row, float(each))
    return found


def _write(folder: Path, block: Known) -> None:
    """Into a file named after its texts, which appears in one step."""
    import numpy as np

    folder.mkdir(parents=True, exist_ok=True)
    keys = np.array([np.frombuffer(key, dtype=np.uint8) for key in block])
    path = folder / f"{blake2b(keys.tobytes(), digest_size=16).hexdigest()}.npz"
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(
            file,
            keys=keys,
            vectors=np.array([row for row, _ in block.values()]),
            seconds=[s for _, s in block.values()],
        )
    part.replace(path)


def _hash(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
