"""Many small JSON values by key, in one SQLite file: an answer for each prompt, say.

A commit survives a killed process (write-ahead log); rows carry a checksum that is verified on read.
"""

import hashlib
import json
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock

from assay.store.disk import mendable
from pipelines.errors import UserError

log = logging.getLogger(__name__)

Value = TypeVar("Value")

_BUSY_SECONDS = 60.0
_KEYS_A_QUERY = 500
# Everything is a blob: SQLite would refuse to hand out text that a flipped bit made invalid.
_SCHEMA = "CREATE TABLE IF NOT EXISTS records (key BLOB PRIMARY KEY, value BLOB NOT NULL, checksum BLOB NOT NULL)"
_NOT_THE_FILES_FAULT = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
}


class Records:
    """The values of one SQLite file. ``corrupted`` counts rows dropped because their checksum was wrong.

    The file's structure is checked whole at the first use of the object, rows whenever they are read; so keep the
    object for as long as the run lasts.
    """

    def __init__(self, path: Path) -> None:
        """Touches nothing on disk."""
        self.path = path
        self.corrupted = 0
        self._checked = False

    def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """The values of those ``keys`` that are there. Damaged rows are removed, reported and left out.

        Raises ``UserError`` where the file cannot be opened or stays locked for a minute.
        """
        wanted = [key.encode() for key in dict.fromkeys(keys)]
        return self._attempt(lambda connection: self._select(connection, wanted)) if wanted else {}

    def put_many(self, values: Mapping[str, Any]) -> None:
        """Write all ``values`` in one transaction; later values replace earlier ones.

        Raises ``TypeError`` or ``ValueError`` for what is no JSON (NaN included), ``UserError`` where the disk is
        full or not writable, or the file stays locked for a minute.
        """
        rows = [
            (key.encode(), value, _checksum(key.encode(), value))
            for key, value in ((key, json.dumps(value, allow_nan=False).encode()) for key, value in values.items())
        ]

        def insert(connection: sqlite3.Connection) -> None:
            with connection:  # commits, or rolls back on any error
                connection.executemany("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", rows)

        if rows:
            self._attempt(insert)

    def _select(self, connection: sqlite3.Connection, keys: list[bytes]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        bad: list[tuple[bytes]] = []
        for start in range(0, len(keys), _KEYS_A_QUERY):
            some = keys[start : start + _KEYS_A_QUERY]
            marks = ",".join("?" * len(some))
            query = f"SELECT key, value, checksum FROM records WHERE key IN ({marks})"  # noqa: S608 - marks are ?,?,...
            for key, value, checksum in connection.execute(query, some):
                # Damage may change a column's type, too.
                if isinstance(key, bytes) and isinstance(value, bytes) and checksum == _checksum(key, value):
                    found[key.decode()] = json.loads(value)
                else:
                    bad.append((key,))
        if bad:
            with connection:
                connection.executemany("DELETE FROM records WHERE key = ?", bad)
            self.corrupted += len(bad)
            log.warning("%s: %d damaged rows dropped, they are computed again", self.path.name, len(bad))
        return found

    def _attempt(self, action: Callable[[sqlite3.Connection], Value]) -> Value:
        with mendable(self.path.parent):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with self._connection() as connection:
                    if not self._checked and not _is_sound(connection):
                        # A damaged search tree finds nothing and says nothing.
                        raise _Unsound("its structure is damaged")
                    self._checked = True
                    return action(connection)
            except sqlite3.DatabaseError as error:
                self._raise_if_mendable(error)
                self._move_aside(error)
            with self._connection() as connection:
                return action(connection)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        # One connection a call: it belongs to no thread and survives no fork.
        with closing(sqlite3.connect(self.path, timeout=_BUSY_SECONDS)) as connection:
            connection.text_factory = bytes
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(_SCHEMA)
            yield connection

    def _raise_if_mendable(self, error: sqlite3.DatabaseError) -> None:
        if isinstance(error, _Unsound):
            return
        code = error.sqlite_errorcode & 0xFF
        writable = all(os.access(path, os.W_OK) for path in (self.path.parent, self.path) if path.exists())
        read_only = code == sqlite3.SQLITE_READONLY and not writable
        disk = code == sqlite3.SQLITE_IOERR and error.sqlite_errorcode != sqlite3.SQLITE_IOERR_SHORT_READ
        if read_only or disk or code in _NOT_THE_FILES_FAULT:
            raise UserError(f"{self.path}: the store cannot be read or written ({error}); see to the disk") from error

    def _move_aside(self, error: sqlite3.DatabaseError) -> None:
        with FileLock(self.path.with_suffix(".lock")):
            with suppress(sqlite3.DatabaseError), self._connection() as connection:
                # A damaged header may say that the file is read-only.
                connection.execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", (b"", b"", b""))
                connection.rollback()
                if _is_sound(connection):
                    return  # another process was faster
            aside = self.path.with_name(f"{self.path.name}.corrupt-{time.time_ns()}")
            log.warning("%s is damaged (%s): moved to %s and started anew", self.path, error, aside.name)
            for suffix in ("", "-wal", "-shm"):
                part = self.path.with_name(self.path.name + suffix)
                if part.exists():
                    part.rename(aside.with_name(aside.name + suffix))


class _Unsound(sqlite3.DatabaseError):
    """Damage that SQLite itself does not stumble over."""


def _is_sound(connection: sqlite3.Connection) -> bool:
    """Whether the file holds our table and every page and index entry is in its place. Reads the whole file."""
    columns = [row[1] for row in connection.execute("PRAGMA table_info(records)")]
    problems = connection.execute("PRAGMA integrity_check(1)").fetchall()
    return problems == [(b"ok",)] and columns == [b"key", b"value", b"checksum"]


def _checksum(key: bytes, value: bytes) -> bytes:
    return hashlib.blake2b(value, key=hashlib.sha256(key).digest(), digest_size=16).digest()
