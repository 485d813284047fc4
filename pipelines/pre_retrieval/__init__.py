"""What happens before the search: documents are cut into chunks. One file a technique."""

from collections.abc import Callable, Sequence

from pipelines.records import Chunk, Document
from pipelines.registry import Registry, field_of

Chunker = Callable[[Sequence[Document]], list[Chunk]]

chunkers: Registry[Chunker] = Registry("chunker", ["pipelines.pre_retrieval"], "assay.chunkers")
ChunkerField = field_of(chunkers)
