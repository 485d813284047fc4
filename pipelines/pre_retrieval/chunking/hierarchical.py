"""Small chunks that know the larger passage they were cut from, for auto-merging after retrieval.

LlamaIndex' ``HierarchicalNodeParser`` builds the two levels; both are cut as ``recursive`` does. Small chunks are
searched; where enough of one parent are found, a post-processor reads the parent in their place.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from pipelines.pre_retrieval.chunking import Chunker, chunkers
from pipelines.pre_retrieval.chunking.recursive import split
from pipelines.pre_retrieval.chunking.spans import made, running, trimmed
from pipelines.records import Chunk, Document
from pipelines.registry import StageConfig


class HierarchicalConfig(StageConfig):
    """Small chunks inside larger ones, for merging after retrieval."""

    kind: Literal["hierarchical"] = "hierarchical"
    size: int = Field(
        default=300, ge=20, description="characters of a chunk at most; a longer row of a table stays whole"
    )
    parent_size: int = Field(default=1200, ge=20, description="characters of the passage it is cut from at most")

    @model_validator(mode="after")
    def _parent_larger(self) -> Self:
        if self.parent_size <= self.size:
            raise ValueError(f"parent_size ({self.parent_size}) must be larger than size ({self.size})")
        return self


@chunkers.kind(HierarchicalConfig)
def hierarchical(config: HierarchicalConfig) -> Chunker:
    """``Chunk.parent`` is the span of the larger passage, white space at its ends left out. A document without text
    gives no chunk."""

    def chunk(documents: Sequence[Document]) -> list[Chunk]:
        return [
            made(document, ordinal, start, end, parent)
            for document in documents
            for ordinal, (start, end, parent) in enumerate(_leaves(document.text, config))
        ]

    return chunk


def _leaves(text: str, config: HierarchicalConfig) -> Iterator[tuple[int, int, tuple[int, int]]]:
    """Start, end and parent of each small chunk."""
    if not text.strip():
        return
    parents, children = _levels(text, config)
    for (start, end), inside in zip(running(parents), children, strict=True):
        for parent in trimmed(text, [(start, end)]):
            yield from ((left, right, parent) for left, right in trimmed(text, running(inside, start)))


def _levels(text: str, config: HierarchicalConfig) -> tuple[list[str], list[list[str]]]:
    """The larger passages, which joined are the text, and the pieces of each, which joined are the passage."""
    from llama_index.core.node_parser import HierarchicalNodeParser, TextSplitter
    from llama_index.core.schema import Document as LlamaDocument

    class Recursive(TextSplitter):
        """Cuts as the chunker ``recursive``; LlamaIndex wants a splitter of its own type."""

        size: int

        def split_text(self, text: str) -> list[str]:
            return [text[start:end] for start, end in split(text, self.size)]

    levels: dict[str, Any] = {"parent": Recursive(size=config.parent_size), "child": Recursive(size=config.size)}
    parser = HierarchicalNodeParser.from_defaults(node_parser_ids=list(levels), node_parser_map=levels)
    pieces: dict[str, list[str]] = {}
    parents: dict[str, str] = {}
    for node in parser.get_nodes_from_documents([LlamaDocument(text=text)]):
        if node.parent_node is None:
            parents[node.node_id] = node.get_content()
        else:
            pieces.setdefault(node.parent_node.node_id, []).append(node.get_content())
    return list(parents.values()), [pieces[name] for name in parents]
