"""How documents are cut into chunks. One file a technique."""

from collections.abc import Callable, Sequence

from pipelines.records import Chunk, Document
from pipelines.registry import Registry, field_of

Chunker = Callable[[Sequence[Document]], list[Chunk]]
"""Chunks in document order. ``document.text[start:end] == chunk.text``, so gold passages are found in any chunking."""

chunkers: Registry[Chunker] = Registry("chunker", ["pipelines.pre_retrieval.chunking"], "assay.chunkers")
ChunkerField = field_of(chunkers)
