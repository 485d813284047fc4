"""Any LlamaIndex retriever or query engine.

A callable of yours gets the chunks as LlamaIndex ``TextNode`` objects (``text`` is what is indexed, ``id_`` the chunk's
id) and the arguments by name, and returns a retriever, such as ``index.as_retriever(similarity_top_k=20)``, or a query
engine, of which the passages and not the answer are taken. How many results it gives is its own matter; they are cut
to what is asked for. It keeps no index in the store: the callable is called anew whenever the retriever is opened, and
what it writes elsewhere Assay does not know.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, JsonValue

from pipelines.errors import UserError
from pipelines.records import Chunk, Hits
from pipelines.registry import StageConfig
from pipelines.retrieval import Retriever, Search, retrievers
from pipelines.retrieval.factory import call_factory, mapped, source_hash


class LlamaIndexConfig(StageConfig):
    """Any LlamaIndex retriever or query engine, made by a callable of yours."""

    kind: Literal["llama_index"] = "llama_index"
    factory: str = Field(
        pattern=r"^\w+(\.\w+)*:\w+$",
        description="package.module:callable, which makes a retriever or query engine of text nodes",
    )
    arguments: dict[str, JsonValue] = Field(
        default={}, description="passed to it by name; keys come from environment variables, never from here"
    )


@dataclass(frozen=True)
class LlamaIndexRetriever:
    """A LlamaIndex retriever over our chunks."""

    config: LlamaIndexConfig

    parts = ()

    @property
    def identity(self) -> str:
        """Hash of the factory's module."""
        return source_hash(self.config.factory)

    def build(self, chunks: Sequence[Chunk], folder: Path) -> Mapping[str, float]:
        """Nothing to write."""
        return {}

    def open(self, chunks: Sequence[Chunk], folder: Path, parts: Sequence[Search]) -> Search:
        """Calls the factory. Raises ``UserError`` where llama-index-core is not installed or the factory makes neither
        retriever nor query engine; the search raises it where a result is none of the chunks."""
        try:
            from llama_index.core.schema import TextNode
        except ImportError as error:
            raise UserError(
                "kind: llama_index needs the package llama-index-core; install assay-workbench[rag]"
            ) from error

        path = self.config.factory
        nodes = (TextNode(id_=c.id, text=c.indexed, metadata={}) for c in chunks)
        find = _finder(call_factory(path, nodes, self.config.arguments), path)
        known = {chunk.id: place for place, chunk in enumerate(chunks)}

        def search(queries: Sequence[str], depth: int) -> list[Hits]:
            return [
                mapped(((found.node.node_id, found.score) for found in find(query)), known, depth, path)
                if query  # LlamaIndex makes no vector of the empty query and then fails on it
                else Hits((), ())
                for query in queries
            ]

        return search


def _finder(made: Any, path: str) -> Callable[[str], Sequence[Any]]:
    """A function from a query to LlamaIndex's nodes with scores."""
    from llama_index.core.base.base_query_engine import BaseQueryEngine
    from llama_index.core.base.base_retriever import BaseRetriever
    from llama_index.core.schema import QueryBundle

    if isinstance(made, BaseRetriever):
        return lambda query: made.retrieve(query)
    if not isinstance(made, BaseQueryEngine):
        raise UserError(
            f"factory: {path} made a {type(made).__name__}, neither a LlamaIndex retriever nor a query engine"
        )
    if type(made).retrieve is not BaseQueryEngine.retrieve:  # without asking a language model for an answer
        return lambda query: made.retrieve(QueryBundle(query))
    return lambda query: made.query(query).source_nodes


@retrievers.kind(LlamaIndexConfig)
def llama_index(config: LlamaIndexConfig, language: str) -> Retriever:
    """The language plays no part; hand it over as an argument where the factory wants it."""
    return LlamaIndexRetriever(config)
