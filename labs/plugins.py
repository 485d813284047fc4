"""Retrievers of LangChain and LlamaIndex as stages: what configs/plugins.yaml names. Copy and change them."""

from collections.abc import Sequence
from typing import Any


def tfidf(documents: Sequence[Any], k: int = 20) -> Any:
    """LangChain's TF-IDF retriever over the chunks."""
    from langchain_community.retrievers import TFIDFRetriever

    return TFIDFRetriever.from_documents(list(documents), k=k)


def chroma(documents: Sequence[Any], model: str, k: int = 20) -> Any:
    """A Chroma store in memory, filled by LangChain with a sentence-transformers model by folder or hub name."""
    from langchain_chroma import Chroma
    from langchain_huggingface import HuggingFaceEmbeddings

    store = Chroma.from_documents(list(documents), HuggingFaceEmbeddings(model_name=model))
    return store.as_retriever(search_kwargs={"k": k})


def vector_index(nodes: Sequence[Any], k: int = 20) -> Any:
    """LlamaIndex's vector index over the chunks, embedded by the embedded MiniLM."""
    from llama_index.core import VectorStoreIndex
    from llama_index.core.embeddings import BaseEmbedding

    from pipelines.retrieval.embedders import embedders

    embedder = embedders.build(embedders.parse("embedded"))

    class MiniLM(BaseEmbedding):
        def _get_text_embedding(self, text: str) -> list[float]:
            return [float(x) for x in embedder.embed_documents([text])[0]]

        def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
            return [[float(x) for x in row] for row in embedder.embed_documents(texts)]

        def _get_query_embedding(self, query: str) -> list[float]:
            return [float(x) for x in embedder.embed_queries([query])[0]]

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_query_embedding(query)

    return VectorStoreIndex(list(nodes), embed_model=MiniLM()).as_retriever(similarity_top_k=k)
