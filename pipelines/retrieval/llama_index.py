"""Any LlamaIndex retriever or query engine.

A callable of yours gets the chunks as LlamaIndex ``TextNode`` objects (``text`` is what is indexed, ``id_`` the chunk's
id) and the arguments by name, and returns a retriever, such as ``index.as_retriever(similarity_top_k=20)``, or a query
engine, of which the passages and not the answer are taken. How many results it gives is its own matter; they are cut
to what is asked for. It keeps no index in the store: the callable is called anew whenever the retriever is opened, and
what it writes elsewhere Assay does not know.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from pipelines.errors import UserError
from pipelines.records import Chunk, Hits
from pipelines.retrieval import Retriever, Search, retrievers
from pipelines.retrieval.factory import FactoryConfig, FactoryRetriever, call_factory, mapped


class LlamaIndexConfig(FactoryConfig):
    """Any LlamaIndex retriever or query engine, made by a callable of yours."""

    kind: Literal["llama_index"] = "llama_index"


class LlamaIndexRetriever(FactoryRetriever):
    """A LlamaIndex retriever over our chunks."""

    def open(self, chunks: Sequence[Chunk], folder: Path, parts: Sequence[Search]) -> Search:
        """Calls the factory. Raises ``UserError`` where it makes neither retriever nor query engine; the search raises
        it where a result is none of the chunks."""
        from llama_index.core.schema import TextNode

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
