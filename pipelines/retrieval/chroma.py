"""Chroma as a cache: an HNSW graph over vectors that lie elsewhere.

Chroma keeps a pickle in its folder, so the folder belongs to the user's cache and can be deleted at any time. It is
found by a hash of the vectors and the settings; one process builds it while others wait. On a Chroma server the same
hash names the collection.
"""

import hashlib
import json
import logging
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pipelines.cache import cache_folder
from pipelines.errors import UserError

if TYPE_CHECKING:
    from numpy import float32, intp
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

Propose = Callable[["NDArray[float32]", int], list["NDArray[intp]"]]
"""Query rows and a depth in; for each row the positions of at least that many candidates, in no order."""

_CANDIDATES = 100
_HASHED_AT_ONCE = 8192
_HNSW = {"space": "cosine", "ef_construction": 200, "ef_search": 500, "max_neighbors": 32}
"""Wider than Chroma's defaults (100, 100, 16), which found 0.87 of the true ten nearest among 4,000 random clustered
vectors. Searching wide costs milliseconds; the graph's own randomness then no longer shows in the ranking."""
_COLLECTION = "chunks"
_INDEX = "index.json"
"""Names the folder of the finished graph and the hashes of its files: Chroma takes a cut file for whole and crashes."""
_WRITTEN = "index_metadata.pickle"
"""The file that stands beside a graph once Chroma has written it."""


def open_chroma(vectors: "NDArray[float32]") -> Propose:
    """A candidate search over ``vectors``, shape (chunks, dimension), built in the cache folder where it is not there.

    A folder that Chroma cannot read is built anew.
    """
    from filelock import FileLock

    folder = cache_folder() / "chroma" / _digest(vectors)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        collection = _existing(folder, vectors)
        if collection is None:
            shutil.rmtree(folder, ignore_errors=True)
            collection = _build(folder, vectors)
    return _proposing(collection, len(vectors))


def open_server(vectors: "NDArray[float32]", url: str) -> Propose:
    """As ``open_chroma``, on the Chroma server at ``url``; the vectors are sent where it does not hold them all.

    Raises ``UserError`` where no Chroma server answers.
    """
    import chromadb
    from chromadb.config import Settings
    from chromadb.errors import ChromaError
    from httpx import HTTPError

    parts = urlsplit(url)
    try:
        client = chromadb.HttpClient(
            host=parts.hostname or "",
            port=parts.port or (443 if parts.scheme == "https" else 80),
            ssl=parts.scheme == "https",
            settings=Settings(anonymized_telemetry=False),
        )
        collection = client.get_or_create_collection(
            f"assay-{_digest(vectors)}", configuration={"hnsw": _HNSW}, embedding_function=None
        )
        if collection.count() != len(vectors):
            _fill(client, collection, vectors)
    except (ChromaError, HTTPError, OSError, ValueError) as error:
        reason = str(error).strip().split("\n")[0]
        raise UserError(f"server: {url} does not serve Chroma ({reason}); start it (chroma run) or mend it") from error
    return _proposing(collection, len(vectors))


def _proposing(collection: Any, size: int) -> Propose:
    def propose(queries: "NDArray[float32]", depth: int) -> list["NDArray[intp]"]:
        import numpy as np

        wanted = min(size, max(_CANDIDATES, 2 * depth))
        found = collection.query(query_embeddings=queries, n_results=wanted, include=[])["ids"]
        return [np.sort(np.array(ids, dtype=np.intp)) for ids in found]

    return propose


def _digest(vectors: "NDArray[float32]") -> str:
    """Hash of vectors and settings; in blocks, as they may lie on disk."""
    digest = hashlib.blake2b(digest_size=16, person=b"assay-chroma")
    for start in range(0, len(vectors), _HASHED_AT_ONCE):
        digest.update(vectors[start : start + _HASHED_AT_ONCE].tobytes())
    digest.update(repr((vectors.shape, sorted(_HNSW.items()))).encode())
    return digest.hexdigest()


def _fill(client: Any, collection: Any, vectors: "NDArray[float32]") -> None:
    # Upsert, as another process may be sending the same rows, or an earlier one stopped half-way.
    step = client.get_max_batch_size()
    for start in range(0, len(vectors), step):
        rows = vectors[start : start + step]
        collection.upsert(ids=[str(start + offset) for offset in range(len(rows))], embeddings=rows)


def _existing(folder: Path, vectors: "NDArray[float32]") -> Any:
    """The finished, undamaged collection below ``folder``, or None."""
    from chromadb.errors import ChromaError

    if not (folder / _INDEX).is_file():
        return None
    try:
        index = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
        if _hashes(folder / index["folder"]) != index["files"]:
            raise ValueError("its files are damaged")
        collection = _client(folder / index["folder"]).get_collection(_COLLECTION, embedding_function=None)
        collection.query(query_embeddings=vectors[:1], n_results=1, include=[])  # the graph is read at the first query
        return collection if collection.count() == len(vectors) else None
    except (ChromaError, OSError, ValueError, KeyError) as error:
        log.warning("Chroma cannot read its cache (%s): it is built anew", str(error).split("\n")[0])
        return None


def _build(folder: Path, vectors: "NDArray[float32]") -> Any:
    # Every attempt has its own folder, as Chroma remembers for the life of the process what it opened under a path.
    part = folder / uuid.uuid4().hex
    client = _client(part)
    collection = client.create_collection(_COLLECTION, configuration={"hnsw": _HNSW}, embedding_function=None)
    _fill(client, collection, vectors)
    collection.query(query_embeddings=vectors[:1], n_results=1, include=[])
    index = folder / f"{_INDEX}.part"
    index.write_text(json.dumps({"folder": part.name, "files": _hashes(part)}), encoding="utf-8")
    index.replace(folder / _INDEX)
    return collection


def _hashes(folder: Path) -> dict[str, str]:
    """Hashes of the graph's files. The database beside them changes when it is opened, and SQLite checks it itself.

    Below a thousand vectors Chroma writes no graph. Its files are then placeholders, whose unused memory every opening
    writes anew, and are left out.
    """
    return {
        path.relative_to(folder).as_posix(): hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
        for path in sorted(folder.glob("*/*"))
        if (path.parent / _WRITTEN).is_file()
    }


def _client(folder: Path) -> Any:
    import chromadb
    from chromadb.config import Settings

    return chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False))
