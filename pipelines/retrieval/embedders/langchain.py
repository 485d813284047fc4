"""Any LangChain ``Embeddings`` class, by import path."""

import functools
import hashlib
import importlib
import json
import re
from collections.abc import Sequence
from importlib import metadata
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, JsonValue

from pipelines.errors import UserError
from pipelines.registry import StageConfig
from pipelines.retrieval.embedders import Embedder, embedders

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray


class LangChainConfig(StageConfig):
    """Any LangChain Embeddings class, by import path."""

    kind: Literal["langchain"] = "langchain"
    embeddings: str = Field(
        pattern=r"^\w+(\.\w+)*\.\w+$", description="import path, such as langchain_openai.OpenAIEmbeddings"
    )
    options: dict[str, JsonValue] = Field(
        default={}, description="keyword arguments of the class; keys come from its environment variables, never here"
    )


class LangChainEmbedder:
    """A LangChain ``Embeddings`` object, made at the first text. Its vectors are scaled to unit length."""

    def __init__(self, config: LangChainConfig) -> None:
        self.name = config.embeddings
        self._config = config

    @property
    def identity(self) -> str:
        """Hash of class, options and the version of its distribution; the weights themselves are out of reach."""
        package = self._config.embeddings.partition(".")[0]
        try:
            version = metadata.version(package)
        except metadata.PackageNotFoundError:
            version = ""
        text = json.dumps([self._config.embeddings, self._config.options, version], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @functools.cached_property
    def dimension(self) -> int:
        """Length of a vector, found by embedding one word."""
        return len(self._embeddings.embed_query("dimension"))

    def embed_documents(self, texts: Sequence[str]) -> "NDArray[float32]":
        """One unit row for each text: float32, shape (texts, dimension)."""
        return self._unit(self._embeddings.embed_documents(list(texts)) if texts else [])

    def embed_queries(self, texts: Sequence[str]) -> "NDArray[float32]":
        """As ``embed_documents``, each query by the class's own ``embed_query``."""
        return self._unit([self._embeddings.embed_query(text) for text in texts])

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Words and punctuation marks of each text: LangChain shows no tokenizer, so this is an approximation."""
        return [len(re.findall(r"\w+|[^\w\s]", text)) for text in texts]

    @functools.cached_property
    def _embeddings(self) -> Any:
        return _make(self._config.embeddings, json.dumps(self._config.options))

    def _unit(self, rows: list[list[float]]) -> "NDArray[float32]":
        import numpy as np

        lengths = sorted({len(row) for row in rows})
        if len(lengths) > 1:
            raise UserError(f"embedder: {self.name} gives vectors of {lengths[0]} and of {lengths[-1]} numbers at once")
        vectors: NDArray[float32] = np.asarray(rows, dtype=np.float32).reshape(
            len(rows), -1 if rows else self.dimension
        )
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


@embedders.kind(LangChainConfig)
def langchain(config: LangChainConfig) -> Embedder:
    """Imports nothing yet; the class is loaded and its errors raised as ``UserError`` at the first text."""
    return LangChainEmbedder(config)


@functools.cache
def _make(path: str, options: str) -> Any:
    from langchain_core.embeddings import Embeddings

    module, _, name = path.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise UserError(
            f"embedder: {path} cannot be imported ({error}); install its package or mend the path"
        ) from error
    if not (isinstance(found, type) and issubclass(found, Embeddings)):
        raise UserError(f"embedder: {path} is no LangChain Embeddings class")
    try:
        return found(**json.loads(options))
    except (TypeError, ValueError, ImportError) as error:
        reason = str(error).strip().split("\n")[0]
        raise UserError(f"embedder: {path} refuses its options ({reason})") from error
