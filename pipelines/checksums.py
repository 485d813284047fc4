"""Files of the user's that an experiment names, pinned by a checksum: changed content is another input."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError


def with_checksum(
    data: Any,
    info: ValidationInfo,
    field: str,
    missing: str = "no such file: {path}",
    files: Callable[[Path], Sequence[Path]] = lambda path: [path],
) -> Any:
    """The raw config ``data`` with the path in ``field`` made absolute (it is relative to ``info.context["folder"]``)
    and ``sha256`` set to the checksum of the ``files`` that stand there.

    A finished experiment that knows the checksum can be opened where the files are gone. Raises
    ``PydanticCustomError`` where they have changed since, or where there are none and no checksum is known.
    """
    if not isinstance(data, dict) or not isinstance(data.get(field), str):
        return data
    path, known = Path((info.context or {}).get("folder", "."), data[field]).resolve(), data.get("sha256")
    there = [file for file in files(path) if file.is_file()]
    if not there and not known:
        raise PydanticCustomError("user_file", missing, {"path": str(path)})
    if not there:
        return {**data, field: str(path)}
    found = _checksum(there)
    if known and found != known:
        message = "{path} has changed since; leave sha256 out to take it as it is now"
        raise PydanticCustomError("user_file", message, {"path": str(path)})
    return {**data, field: str(path), "sha256": found}


def _checksum(files: Sequence[Path]) -> str:
    """Hash of one file, or of the hashes of several."""
    digests = [_digest(file) for file in files]
    return (digests[0] if len(digests) == 1 else hashlib.sha256(b"".join(digests)).digest()).hex()


def _digest(file: Path) -> bytes:
    with file.open("rb") as stream:  # weights are not read into memory whole
        return hashlib.file_digest(stream, "sha256").digest()
