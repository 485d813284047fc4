"""The store's entries: computed once, renamed into place whole, verified whenever they are read."""

import logging
import re
import shutil
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from assay.store.disk import mendable, sync
from assay.store.entry import Corrupted, Entry, Seen, looks_whole, read_entry, write_manifest
from assay.store.machine import describe_machine
from assay.store.records import Records
from pipelines.errors import UserError

log = logging.getLogger(__name__)

Make = Callable[[Path], Mapping[str, float]]
"""Writes a stage's output into the empty folder it is given; returns measured quantities."""

_FINGERPRINT = re.compile(r"[0-9a-f]{8,128}")


class Store:
    """A content store rooted in one folder, shared by any number of processes on one machine.

    ``entries/<2>/<fingerprint>`` holds finished outputs, ``temp`` those being made, ``locks`` one empty file for each
    fingerprint ever made, ``records`` the SQLite files of small values. ``hits``, ``misses`` and ``corrupted`` count
    what ``compute`` met since this object was made.
    """

    def __init__(self, root: Path, *, wait_seconds: float = 6 * 3600) -> None:
        """Touches nothing on disk. ``wait_seconds``: how long to wait for another process making the same entry."""
        self.root = Path(root).absolute()
        self.hits = self.misses = self.corrupted = 0
        self._wait_seconds = wait_seconds
        self._seen: Seen = {}
        self._swept = False
        self._records: dict[str, Records] = {}

    def compute(self, fingerprint: str, stage: str, make: Make) -> Entry:
        """The verified entry of ``fingerprint``; where there is none, ``make`` writes it.

        The entry's quantities are those ``make`` returned, with ``seconds``, the wall time of ``make``, added where
        it did not return its own. One process makes an entry while others wait for it; an error inside ``make``
        passes through and leaves nothing behind. Raises ``UserError`` where the disk is full or not writable, or
        another process has held the entry longer than ``wait_seconds``.
        """
        folder = self._folder(fingerprint)
        with mendable(self.root):
            try:
                entry = read_entry(folder, fingerprint, self._seen, hit=True)
            except (Corrupted, FileNotFoundError):
                entry = None  # looked at again under the lock, where nobody else repairs it at the same time
            if entry is None:
                with self._lock(fingerprint):
                    entry = self._repaired(fingerprint, folder) or self._make(fingerprint, stage, make, folder)
        self.hits += entry.hit
        self.misses += not entry.hit
        return entry

    def peek(self, fingerprint: str) -> bool:
        """Whether the entry is there, at its full size; a plan asks this. Contents are verified by ``compute``."""
        return looks_whole(self._folder(fingerprint), fingerprint)

    def records(self, name: str) -> Records:
        """The small values kept under ``name`` (one for each prompt, say)."""
        if not re.fullmatch(r"[\w.-]+", name):
            raise ValueError(f"a name for records is letters, digits, _ . - only, not {name!r}")
        if name not in self._records:
            self._records[name] = Records(self.root / "records" / f"{name}.sqlite")
        return self._records[name]

    def _folder(self, fingerprint: str) -> Path:
        if not _FINGERPRINT.fullmatch(fingerprint):
            raise ValueError(f"not a fingerprint: {fingerprint!r}")
        return self.root / "entries" / fingerprint[:2] / fingerprint

    def _repaired(self, fingerprint: str, folder: Path) -> Entry | None:
        try:
            return read_entry(folder, fingerprint, self._seen, hit=True)
        except Corrupted as reason:
            self.corrupted += 1
            log.warning("store entry %s is corrupted (%s): it is removed and computed again", fingerprint, reason)
            # Renamed first: from now on no reader can meet half of it.
            grave = self._temp(fingerprint)
            folder.rename(grave)
            shutil.rmtree(grave)
            return None

    def _make(self, fingerprint: str, stage: str, make: Make, folder: Path) -> Entry:
        self._sweep(fingerprint)
        temp = self._temp(fingerprint)
        temp.mkdir()
        try:
            started = time.perf_counter()
            quantities = dict(make(temp))
            quantities.setdefault("seconds", time.perf_counter() - started)
            write_manifest(
                temp,
                fingerprint=fingerprint,
                stage=stage,
                quantities=quantities,
                machine=describe_machine(),
                created=datetime.now(UTC).isoformat(timespec="seconds"),
            )
            folder.parent.mkdir(parents=True, exist_ok=True)
            try:
                temp.rename(folder)
            except OSError:
                # Where the file system knows no locks another writer may have been first; its entry stands.
                if not looks_whole(folder, fingerprint):
                    raise
            sync(folder.parent)
        finally:
            shutil.rmtree(temp, ignore_errors=True)
        made = read_entry(folder, fingerprint, self._seen, hit=False)
        if made is None:
            raise Corrupted(f"{fingerprint} vanished while it was written")
        return made

    def _temp(self, fingerprint: str) -> Path:
        (self.root / "temp").mkdir(parents=True, exist_ok=True)
        return self.root / "temp" / f"{fingerprint}.{uuid.uuid4().hex}"

    def _lock(self, fingerprint: str) -> FileLock:
        (self.root / "locks").mkdir(parents=True, exist_ok=True)
        return _EntryLock(self.root / "locks" / f"{fingerprint}.lock", timeout=self._wait_seconds)

    def _sweep(self, held: str) -> None:
        """Remove what killed writers left: the temp folders of fingerprint ``held``, whose lock is ours, and once for
        each ``Store`` all others whose lock is free, as a lock dies with its process."""
        for left in [] if self._swept else list((self.root / "temp").glob("*")):
            lock = FileLock(self.root / "locks" / f"{left.name.partition('.')[0]}.lock", blocking=False)
            with suppress(Timeout), lock:
                shutil.rmtree(left, ignore_errors=True)
        self._swept = True
        for left in list((self.root / "temp").glob(f"{held}.*")):
            shutil.rmtree(left, ignore_errors=True)


class _EntryLock(FileLock):
    """A lock whose time-out is told to the user."""

    def __enter__(self) -> "_EntryLock":
        try:
            super().__enter__()
        except Timeout as error:
            raise UserError(
                f"{self.lock_file}: another process has been making this store entry for too long; "
                "let it finish or stop it, then run again"
            ) from error
        return self
