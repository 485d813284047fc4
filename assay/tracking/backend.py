"""The tracking store: opened, and made where it is not there yet.

The default is SQLite with the artifacts in a folder beside it. MLflow makes a new database by running its 67
migrations, each flushed to disk; here they run on a scratch file without flushing, which then takes its place in one
step. That is several times as fast, and a kill in the middle leaves no half-made schema.
"""

import logging
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.offline import silence_telemetry
from pipelines.errors import UserError

ARTIFACTS = "mlartifacts"
LOCK_SECONDS = 120


@dataclass(frozen=True)
class Backend:
    """An open store. ``artifacts`` is where new experiments keep their files; None leaves that to the server."""

    client: Any
    artifacts: Path | None


@contextmanager
def opened(uri: str) -> Iterator[Backend]:
    """The store at ``uri`` for writing, one writer at a time where it is SQLite. Raises ``UserError``."""
    silence_telemetry(os.environ)
    path = sqlite_path(uri)
    if path is None:
        yield Backend(_connected(uri), None)
        return
    from filelock import FileLock, Timeout

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(f"{path}.lock", timeout=LOCK_SECONDS)
    try:
        lock.acquire()
    except Timeout as error:
        raise UserError(f"{path}: another process has been writing for {LOCK_SECONDS} s; wait for it") from error
    try:
        artifacts = path.parent / ARTIFACTS
        if not path.exists():
            _create(path, artifacts)
        _check(path)
        yield Backend(_connected(sqlite_uri(path)), artifacts)
    finally:
        lock.release()


def existing(uri: str) -> dict[str, str]:
    """Names and ids of the experiments in a store that must be there, latest first. Raises ``UserError``."""
    path = sqlite_path(uri)
    if path is not None and not path.is_file():
        raise UserError(f"{path}: there is no tracking store yet; make one with: assay run configs/quickstart.yaml")
    if path is not None:
        _check(path)
    found = _connected(uri if path is None else sqlite_uri(path)).search_experiments()
    # MLflow makes an experiment called Default in every store; Assay never writes to it.
    return {one.name: one.experiment_id for one in found if one.name != "Default"}


def sqlite_path(uri: str) -> Path | None:
    """The absolute path of an SQLite store, None for any other kind. Raises ``UserError`` where it names no file."""
    if ":" not in uri:
        raise UserError(f"{uri}: a tracking store is an address, as in sqlite:///runs/mlflow.db or https://host")
    if not uri.startswith("sqlite:"):
        return None
    from sqlalchemy.engine import make_url

    name = make_url(uri).database
    if name in (None, "", ":memory:"):
        raise UserError(f"{uri}: name the file of the tracking store, as in sqlite:///runs/mlflow.db")
    return Path(name).absolute()


def sqlite_uri(path: Path) -> str:
    """The address of an SQLite store, whatever characters its path has."""
    from sqlalchemy.engine import URL

    return URL.create("sqlite", database=str(path)).render_as_string()


def shown(uri: str) -> str:
    """``uri`` without the password it may hold."""
    return re.sub(r"(://[^/@:]*):[^/@]*@", r"\1:***@", uri)


def _connected(uri: str) -> Any:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        client.search_experiments(max_results=1)
    except ModuleNotFoundError as error:
        raise UserError(f"{shown(uri)}: this kind of tracking store needs the package {error.name}") from error
    except (MlflowException, SQLAlchemyError) as error:
        reason = str(error).splitlines()[0]
        hint = f"; run: mlflow db upgrade {shown(uri)}" if "out-of-date" in reason else ""
        raise UserError(f"{shown(uri)}: the MLflow store cannot be opened: {shown(reason)}{hint}") from error
    return client


def _check(path: Path) -> None:
    """Raises ``UserError`` for a file that is no database; MLflow would try for minutes to open it."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA schema_version")
    except sqlite3.DatabaseError as error:
        raise UserError(f"{path}: the MLflow store cannot be opened: {error}; move it away to start anew") from error


def _create(path: Path, artifacts: Path) -> None:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    scratch = path.with_name(f"{path.name}.part")
    scratch.unlink(missing_ok=True)

    def unflushed(connection: Any, _: Any) -> None:
        if connection.execute("PRAGMA database_list").fetchone()[2] == os.path.realpath(scratch):
            connection.execute("PRAGMA synchronous = OFF")

    event.listen(Engine, "connect", unflushed)
    try:
        with _quiet("mlflow.store.db.utils", "alembic"):
            SqlAlchemyStore(sqlite_uri(scratch), artifacts.as_uri()).engine.dispose()
    finally:
        event.remove(Engine, "connect", unflushed)
    with scratch.open("rb") as file:
        os.fsync(file.fileno())
    scratch.replace(path)
    # MLflow keeps engines by address: one that had a deleted file of this name open must let go of it.
    SqlAlchemyStore(sqlite_uri(path), artifacts.as_uri()).engine.dispose()


@contextmanager
def _quiet(*names: str) -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in names]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
