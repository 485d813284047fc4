"""Any LangChain retriever.

A callable of yours gets the chunks as LangChain ``Document`` objects (``page_content`` is what is indexed,
``metadata["id"]`` and ``id`` the chunk's id) and the arguments by name, and returns a ``BaseRetriever``, such as
``vector_store.as_retriever(search_kwargs={"k": 20})``. How many results it gives is its own matter; they are cut to
what is asked for. It keeps no index in the store: the callable is called anew whenever the retriever is opened, and
what it writes elsewhere Assay does not know.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pipelines.errors import UserError
from pipelines.records import Chunk, Hits
from pipelines.retrieval import Retriever, Search, retrievers
from pipelines.retrieval.factory import FactoryConfig, FactoryRetriever, call_factory, mapped


class LangChainConfig(FactoryConfig):
    """Any LangChain retriever, made by a callable of yours."""

    kind: Literal["langchain"] = "langchain"


class LangChainRetriever(FactoryRetriever):
    """A LangChain retriever over our chunks."""

    def open(self, chunks: Sequence[Chunk], folder: Path, parts: Sequence[Search]) -> Search:
        """Calls the factory. Raises ``UserError`` where it makes no LangChain retriever; the search raises it where a
        result is none of the chunks. Hits score 1 / rank, as LangChain hands on no scores."""
        from langchain_core.documents import Document
        from langchain_core.retrievers import BaseRetriever

        path = self.config.factory
        documents = (
            Document(id=chunk.id, page_content=chunk.indexed, metadata={"id": chunk.id, "document": chunk.document_id})
            for chunk in chunks
        )
        retriever = call_factory(path, documents, self.config.arguments)
        if not isinstance(retriever, BaseRetriever):
            raise UserError(f"factory: {path} made a {type(retriever).__name__}, not a LangChain BaseRetriever")
        known = {chunk.id: place for place, chunk in enumerate(chunks)}

        def search(queries: Sequence[str], depth: int) -> list[Hits]:
            results = (retriever.invoke(query) for query in queries)
            return [
                mapped(((document.metadata.get("id", document.id), None) for document in found), known, depth, path)
                for found in results
            ]

        return search


@retrievers.kind(LangChainConfig)
def langchain(config: LangChainConfig, language: str) -> Retriever:
    """The language plays no part; hand it over as an argument where the factory wants it."""
    return LangChainRetriever(config)
