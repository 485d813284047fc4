"""Any sentence-transformers model, by folder or hub name."""

import functools
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from pipelines.generation.weights import choose_device, locate
from pipelines.registry import StageConfig
from pipelines.retrieval.embedders import Embedder, embedders

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

DType = Literal["float32", "bfloat16"]
Device = Literal["auto", "cpu", "cuda", "mps"]
_TOKEN_TEXTS_AT_ONCE = 256


class SentenceTransformersConfig(StageConfig):
    """A sentence-transformers model, by folder or hub name."""

    kind: Literal["sentence_transformers"] = "sentence_transformers"
    name: str = Field(description="a folder, or a name on the Hugging Face hub")
    query_prefix: str = Field(default="", description="put before every query (E5 wants 'query: ')")
    document_prefix: str = Field(default="", description="put before every document (E5 wants 'passage: ')")
    batch_size: int = Field(default=32, ge=1, description="texts encoded at once")
    dtype: DType = Field(
        default="float32", description="bfloat16 is faster where the hardware has it; its vectors vary with the batch"
    )
    device: Device = Field(default="auto", description="auto takes a GPU where there is one")


class SentenceTransformerEmbedder:
    """A sentence-transformers model in a folder. The weights are loaded at the first text, once for the process."""

    def __init__(self, folder: Path, name: str, config: SentenceTransformersConfig) -> None:
        self.name = name
        self._folder = folder
        self._config = config

    @property
    def identity(self) -> str:
        """Hash of the folder's files, dtype and device."""
        return f"{_digest(self._folder)}:{self._config.dtype}:{choose_device(self._config.device)}"

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._model.get_embedding_dimension())

    def embed_documents(self, texts: Sequence[str]) -> "NDArray[float32]":
        """One unit row for each text: float32, shape (texts, dimension)."""
        return self._encode(self._model.encode_document, self._config.document_prefix, texts)

    def embed_queries(self, texts: Sequence[str]) -> "NDArray[float32]":
        """As ``embed_documents``, with the model's own prompt for queries where it has one."""
        return self._encode(self._model.encode_query, self._config.query_prefix, texts)

    def embed_document_tokens(self, texts: Sequence[str]) -> "list[NDArray[float32]]":
        """Unit vectors of each text's tokens, special ones included: float32, shape (tokens, dimension)."""
        return self._encode_tokens(self._model.encode_document, self._config.document_prefix, texts)

    def embed_query_tokens(self, texts: Sequence[str]) -> "list[NDArray[float32]]":
        """As ``embed_document_tokens``, with the model's own prompt for queries where it has one."""
        return self._encode_tokens(self._model.encode_query, self._config.query_prefix, texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens the model reads of each text: special ones counted, those beyond its maximum not."""
        if not texts:
            return []
        model = self._model
        encoded = model.tokenizer(list(texts), truncation=True, max_length=model.max_seq_length)
        return [len(ids) for ids in encoded["input_ids"]]

    @property
    def _model(self) -> Any:
        return _load(self._folder, self._config.dtype, choose_device(self._config.device))

    def _encode(self, encode: Any, prefix: str, texts: Sequence[str]) -> "NDArray[float32]":
        import numpy as np

        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        # The library sorts by length before it cuts batches, so that little is spent on padding.
        rows = encode(
            [prefix + text for text in texts],
            batch_size=self._config.batch_size,
            show_progress_bar=False,
            normalize_embeddings=self._config.dtype == "float32",
        )
        vectors: NDArray[float32] = np.asarray(rows, dtype=np.float32)
        if self._config.dtype != "float32":  # in bfloat16 a unit vector may be off by 0.4 %
            vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return vectors

    def _encode_tokens(self, encode: Any, prefix: str, texts: Sequence[str]) -> "list[NDArray[float32]]":
        import numpy as np

        # The library's vectors are views of whole padded batches, so many texts at once would take much memory.
        found: list[NDArray[float32]] = []
        for start in range(0, len(texts), _TOKEN_TEXTS_AT_ONCE):
            part = [prefix + text for text in texts[start : start + _TOKEN_TEXTS_AT_ONCE]]
            options = {"batch_size": self._config.batch_size, "show_progress_bar": False}
            for tokens in encode(part, output_value="token_embeddings", convert_to_numpy=False, **options):
                # A model without special tokens has none for the empty text, which then is one vector of zeros.
                rows = tokens.float().cpu().numpy() if len(tokens) else np.zeros((1, self.dimension), np.float32)
                found.append(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))
        return found


@embedders.kind(SentenceTransformersConfig)
def sentence_transformers(config: SentenceTransformersConfig) -> Embedder:
    """Raises ``UserError`` where there is no such model or it has no safetensors."""
    return SentenceTransformerEmbedder(locate(config.name).path, config.name, config)


@functools.cache
def _load(folder: Path, dtype: DType, device: str) -> Any:
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    options = {"dtype": getattr(torch, dtype), "use_safetensors": True}
    return SentenceTransformer(str(folder), device=device, local_files_only=True, model_kwargs=options).eval()


@functools.cache
def _digest(folder: Path) -> str:
    """Hash of weights and settings, those of the pooling and other modules in subfolders too (16 hex digits)."""
    total = hashlib.sha256()
    for path in sorted(path for pattern in ("*.safetensors", "*.json", "*.txt") for path in folder.rglob(pattern)):
        with path.open("rb") as file:
            total.update(f"{path.relative_to(folder)}:{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return total.hexdigest()[:16]
