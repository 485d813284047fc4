"""One entry on disk: a folder of plain files and the manifest that proves them.

``manifest.json`` names every file with size and sha256, the measured quantities, the machine and the time. Its own
bytes are proved by rendering them again from what they say, with a checksum inside.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.store.disk import sync

MANIFEST = "manifest.json"
LARGE_BYTES = 64 * 2**20
"""Files above this size are hashed once for each ``Store``, then trusted while size, mtime and inode stay."""

_PICKLES = {".pkl", ".pickle", ".joblib", ".pt", ".pth", ".ckpt", ".bin"}

Seen = dict[tuple[str, int, int, int], str]
"""Hashes of large files already read, by path, size, mtime in nanoseconds and inode."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored stage output. ``content`` hashes its files alone: outputs that come out identical share it although
    their fingerprints differ. ``quantities`` were measured when it was computed, on ``machine``; ``hit`` says that
    this happened earlier."""

    folder: Path
    fingerprint: str
    content: str
    quantities: dict[str, float]
    machine: str
    hit: bool


class Corrupted(Exception):  # noqa: N818 - it names a state of the data; the caller recomputes
    """The entry's files are not what its manifest says."""


def write_manifest(
    folder: Path, *, fingerprint: str, stage: str, quantities: Mapping[str, float], machine: str, created: str
) -> None:
    """Describe every file below ``folder`` and flush all of it to the disk.

    Raises ``ValueError`` for links and for files in a pickle's usual format: opening those runs code.
    """
    paths = _files(folder)
    for path in paths:
        if path.is_symlink() or not path.is_file() or path.suffix in _PICKLES:
            raise ValueError(f"stage {stage!r} wrote {path.name}: an entry holds plain files only, no links or pickles")
    files = {path.relative_to(folder).as_posix(): [path.stat().st_size, _sha256(path)] for path in paths}
    body = {
        "created": created,
        "files": files,
        "fingerprint": fingerprint,
        "machine": machine,
        "quantities": {name: float(value) for name, value in quantities.items()},
        "stage": stage,
    }
    manifest = folder / MANIFEST
    manifest.write_bytes(_render(body))
    for path in [*paths, manifest, *(path for path in folder.rglob("*") if path.is_dir()), folder]:
        sync(path)


def read_entry(folder: Path, fingerprint: str, seen: Seen, *, hit: bool) -> Entry | None:
    """The verified entry in ``folder``, or None where there is none. Raises ``Corrupted``."""
    if not folder.exists():
        return None
    body = _read_manifest(folder, fingerprint)
    files: dict[str, list[Any]] = body["files"]
    present = {path.relative_to(folder).as_posix() for path in _files(folder)} - {MANIFEST}
    if present != set(files):
        raise Corrupted(f"files missing or unexpected: {', '.join(sorted(present ^ set(files))[:3])}")
    for name, (size, digest) in files.items():
        path = folder / name
        if path.stat().st_size != size or _known_sha256(path, seen) != digest:
            raise Corrupted(f"{name} is not what was written")
    content = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:32]
    return Entry(folder, fingerprint, content, body["quantities"], body["machine"], hit)


def looks_whole(folder: Path, fingerprint: str) -> bool:
    """Whether the entry is there with every file at its size; contents are not read."""
    try:
        files = _read_manifest(folder, fingerprint)["files"]
        return all((folder / name).stat().st_size == size for name, (size, _) in files.items())
    except (Corrupted, OSError):
        return False


def _read_manifest(folder: Path, fingerprint: str) -> dict[str, Any]:
    try:
        raw = (folder / MANIFEST).read_bytes()
        body: dict[str, Any] = json.loads(raw)
        body.pop("checksum")
        whole = raw == _render(body) and body["fingerprint"] == fingerprint
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Corrupted(f"{MANIFEST} cannot be read: {error}") from error
    if not whole:
        raise Corrupted(f"{MANIFEST} is not what was written")
    return body


def _render(body: Mapping[str, Any]) -> bytes:
    plain = json.dumps(body, sort_keys=True, allow_nan=False)
    checksum = hashlib.sha256(plain.encode()).hexdigest()
    return json.dumps({"checksum": checksum, **body}, sort_keys=True, indent=1, allow_nan=False).encode() + b"\n"


def _files(folder: Path) -> list[Path]:
    return sorted(Path(base, name) for base, _, names in os.walk(folder) for name in names)


def _known_sha256(path: Path, seen: Seen) -> str:
    status = path.stat()
    if status.st_size <= LARGE_BYTES:
        return _sha256(path)
    key = (str(path), status.st_size, status.st_mtime_ns, status.st_ino)
    if key not in seen:
        seen[key] = _sha256(path)
    return seen[key]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
