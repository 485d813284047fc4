"""Which embedder an index was made with: vectors of two models lie in different spaces and give noise."""

import json
from pathlib import Path

from pipelines.errors import UserError
from pipelines.retrieval.embedders import Embedder

_FILE = "embedder.json"


def record_embedder(embedder: Embedder, folder: Path) -> None:
    """Write name, identity and dimension beside the vectors."""
    made = {"name": embedder.name, "identity": embedder.identity, "dimension": embedder.dimension}
    (folder / _FILE).write_text(json.dumps(made), encoding="utf-8")


def check_embedder(embedder: Embedder, folder: Path) -> None:
    """Raise ``UserError`` where the vectors in ``folder`` were made with other weights than the embedder's.

    The identity counts up to its first colon, which is the hash of the weights: what follows (dtype, device) may
    differ between the machine that built an index and the one that serves it.
    """
    made = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    if _weights(made["identity"]) != _weights(embedder.identity):
        raise UserError(
            f"embedder: the index was made with {made['name']} ({made['identity']}), the queries would be embedded "
            f"with {embedder.name} ({embedder.identity}); name the same embedder, or build the index anew"
        )


def check_dimension(rows: int, queries: int) -> None:
    """Raise ``UserError`` where vectors of the index and of the queries differ in length."""
    if rows != queries:
        raise UserError(
            f"embedder: the index holds vectors of {rows} numbers, the queries' have {queries}; "
            "name the same embedder, or build the index anew"
        )


def check_length(embedder: Embedder, length: int) -> None:
    """Raise ``UserError`` where an embedder gives vectors of another length than it said."""
    if length != embedder.dimension:
        raise UserError(
            f"embedder: {embedder.name} gives vectors of {length} numbers now, and gave {embedder.dimension} before; "
            "its model has changed: name the one it was, or start again and build all indexes anew"
        )


def _weights(identity: str) -> str:
    return identity.partition(":")[0]
