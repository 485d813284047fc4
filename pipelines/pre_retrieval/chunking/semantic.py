"""Cuts where the topic changes: between sentences whose vectors are farther apart than most of the document's.

LlamaIndex' ``SemanticSplitterNodeParser`` (after Kamradt 2024) with one of our embedders. Sentence ``i`` is embedded
with its neighbours; the distance to the next is ``1 - cos(v_i, v_i+1)``, and distances above the given percentile of
the document's own are cuts.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from pipelines.pre_retrieval.chunking import Chunker, chunkers
from pipelines.pre_retrieval.chunking.recursive import limited
from pipelines.pre_retrieval.chunking.sentence_window import sentences
from pipelines.pre_retrieval.chunking.spans import chunker, running
from pipelines.registry import StageConfig
from pipelines.retrieval.embedders import Embedder, EmbedderField, embedders
from pipelines.retrieval.embedders.embedded import EmbeddedConfig

if TYPE_CHECKING:
    from llama_index.core.base.embeddings.base import BaseEmbedding


class SemanticConfig(StageConfig):
    """Chunks cut where neighbouring sentences differ most in meaning."""

    kind: Literal["semantic"] = "semantic"
    embedder: EmbedderField = Field(default=EmbeddedConfig(), description="the model that embeds the sentences")
    percentile: int = Field(
        default=95, ge=1, le=99, description="distances above this percentile of the document's are cuts"
    )
    neighbours: int = Field(default=1, ge=0, description="sentences on each side that are embedded with a sentence")
    size: int = Field(
        default=800, ge=20, description="characters of a chunk at most; a longer row of a table stays whole"
    )


@chunkers.kind(SemanticConfig)
def semantic(config: SemanticConfig) -> Chunker:
    """A document's cuts depend on that document alone, as each is embedded by itself. Long chunks are cut further as
    ``recursive`` does. A document without text gives no chunk."""
    embedder = embedders.build(config.embedder)

    def cut(text: str) -> Iterator[tuple[int, int]]:
        return limited(text, running(_groups(text, config, embedder)), config.size)

    return chunker(cut)


def _groups(text: str, config: SemanticConfig, embedder: Embedder) -> list[str]:
    """Runs of sentences; joined they are the text."""
    from llama_index.core.node_parser import SemanticSplitterNodeParser
    from llama_index.core.schema import Document

    if not text.strip():
        return []
    parser = SemanticSplitterNodeParser(
        embed_model=_embedding(embedder),
        sentence_splitter=sentences,
        buffer_size=config.neighbours,
        breakpoint_percentile_threshold=config.percentile,
    )
    return [node.get_content() for node in parser.build_semantic_nodes_from_documents([Document(text=text)])]


def _embedding(embedder: Embedder) -> "BaseEmbedding":
    """Our embedder as LlamaIndex asks it: all sentences of a document in one batch."""
    from llama_index.core.base.embeddings.base import BaseEmbedding

    class Ours(BaseEmbedding):
        """Documents and queries are embedded alike here: only sentences are compared."""

        def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
            return [[float(value) for value in row] for row in embedder.embed_documents(texts)]

        def _get_text_embedding(self, text: str) -> list[float]:
            return self._get_text_embeddings([text])[0]

        def _get_query_embedding(self, query: str) -> list[float]:
            return self._get_text_embedding(query)

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_text_embedding(query)

    options: dict[str, Any] = {"model_name": embedder.name, "embed_batch_size": 2048}
    return Ours(**options)
