"""Retrievers of other frameworks: a user's callable makes one over our chunks, and its results are mapped back."""

import hashlib
import importlib
import importlib.util
import inspect
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, JsonValue

from pipelines.errors import UserError
from pipelines.records import Chunk, Hits
from pipelines.registry import StageConfig


class FactoryConfig(StageConfig):
    """A retriever that a callable of the user's makes."""

    factory: str = Field(
        pattern=r"^\w+(\.\w+)*:\w+$", description="package.module:callable, which makes the retriever of the chunks"
    )
    arguments: dict[str, JsonValue] = Field(
        default={}, description="passed to it by name; keys come from environment variables, never from here"
    )


@dataclass(frozen=True)
class FactoryRetriever:
    """It keeps no index in the store: the callable is called anew whenever the retriever is opened."""

    config: FactoryConfig

    parts: ClassVar[tuple[()]] = ()

    @property
    def identity(self) -> str:
        """Hash of the factory's module."""
        return source_hash(self.config.factory)

    def build(self, chunks: Sequence[Chunk], folder: Path) -> Mapping[str, float]:
        """Nothing to write."""
        return {}


def load_factory(path: str) -> Callable[..., Any]:
    """The callable at ``package.module:callable``. Raises ``UserError`` where there is none."""
    module, _, name = path.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise UserError(
            f"factory: {path} cannot be imported ({error}); mend the path, install its package, or say where it lies: "
            "PYTHONPATH=FOLDER assay ..."
        ) from error
    if not callable(found):
        raise UserError(f"factory: {path} is no callable")
    made: Callable[..., Any] = found
    return made


def call_factory(path: str, chunks: Iterable[Any], arguments: Mapping[str, JsonValue]) -> Any:
    """What the callable makes of the chunks, in its framework's form. Raises ``UserError`` where it does not take the
    arguments."""
    made, given = load_factory(path), list(chunks)
    try:
        inspect.signature(made).bind(given, **arguments)
    except TypeError as error:
        raise UserError(f"arguments: {path} does not take them ({error}); name its parameters") from error
    try:
        return made(given, **arguments)
    except Exception as error:
        raise UserError(f"factory: {path} failed: {_told(error)}") from error


def _told(error: Exception) -> str:
    """An error of the user's own code in a line, with the place it comes from."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(last.filename).name}, line {last.lineno})"


def source_hash(path: str) -> str:
    """Hash of the source of the module that ``path`` names: a changed factory is another retriever. Modules that it
    imports do not count. Empty where there is no such module or no source."""
    try:
        spec = importlib.util.find_spec(path.partition(":")[0])
    except (ImportError, ValueError):
        return ""
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        return ""
    return hashlib.sha256(Path(spec.origin).read_bytes()).hexdigest()[:16]


def mapped(found: Iterable[tuple[Any, float | None]], known: Mapping[str, int], depth: int, path: str) -> Hits:
    """Hits of chunk ids and scores as another framework gave them, best first: each chunk once, at its first place.

    Where scores are missing or do not fall along the list, a hit scores 1 / rank. Raises ``UserError`` for an id that
    is no chunk's.
    """
    scores: dict[str, float | None] = {}
    for name, score in found:
        if name not in known:
            raise UserError(
                f"factory: the retriever of {path} returned the id {name!r}, which is no chunk's; it has to return the "
                "documents it was given, with their ids"
            )
        scores.setdefault(name, score)
    kept = list(scores.items())[:depth]
    given = [score for _, score in kept if score is not None]
    if len(given) < len(kept) or given != sorted(given, reverse=True):
        given = [1 / rank for rank in range(1, len(kept) + 1)]
    return Hits(tuple(name for name, _ in kept), tuple(map(float, given)))
