"""LangChain retrievers over Chroma, BM25 and both."""

from functools import cache, cached_property
from pathlib import Path
from typing import Any

from .work import Cell, Text, Work

PART_DEPTH = 10
"""Passages a hybrid takes from each of its parts."""


class Indexes:
    """One set of pieces and the indexes over it, made when they are first asked for."""

    def __init__(self, pieces: list[Any], embeddings: Any, folder: Path) -> None:
        self.pieces = pieces
        self.embeddings = embeddings
        self.folder = folder

    @cached_property
    def chroma(self) -> Any:
        """A Chroma collection on disk."""
        from langchain_chroma import Chroma

        return Chroma.from_documents(self.pieces, self.embeddings, persist_directory=str(self.folder))

    @cached_property
    def bm25(self) -> Any:
        """BM25 by bm25s: LangChain's own retriever needs a package (rank_bm25) that is much slower."""
        import bm25s
        import Stemmer

        stemmer = Stemmer.Stemmer("english")
        texts = [piece.page_content for piece in self.pieces]
        words = bm25s.tokenize(texts, stopwords="en", stemmer=stemmer, show_progress=False)
        index = bm25s.BM25()
        index.index(words, show_progress=False)
        return _bm25_retriever()(pieces=self.pieces, index=index, stemmer=stemmer)


def embedding_model(work: Work, *, share: bool) -> Any:
    """The embedding model. With ``share`` a text is embedded once, whichever indexes it goes into."""
    from langchain_huggingface import HuggingFaceEmbeddings

    model = HuggingFaceEmbeddings(model_name=str(work.embedder))
    if not share:
        return model
    from langchain_classic.embeddings import CacheBackedEmbeddings
    from langchain_core.stores import InMemoryByteStore

    return CacheBackedEmbeddings.from_bytes_store(
        model, InMemoryByteStore(), namespace="documents", key_encoder="sha256"
    )


def retrievers(work: Work, embeddings: Any, folder: Path, *, share: bool) -> dict[str, Any]:
    """A retriever for each configuration that retrieves, by its id. Configurations with the same pieces ``share`` their
    indexes, or each splits, embeds and indexes for itself."""
    made: dict[str, Indexes] = {}
    found = {}
    for cell in (cell for cell in work.cells if cell.context == "retrieved"):
        owner = f"pairs-{cell.pairs_indexed}" if share else cell.id
        if owner not in made:
            made[owner] = Indexes(split(work, cell.pairs_indexed), embeddings, folder / owner)
        found[cell.id] = _retriever(cell, made[owner])
    return found


def _retriever(cell: Cell, indexes: Indexes) -> Any:
    if cell.retriever == "bm25":
        return indexes.bm25
    dense = indexes.chroma.as_retriever(search_kwargs={"k": cell.depth if cell.retriever == "dense" else PART_DEPTH})
    if cell.retriever == "dense":
        return dense
    from langchain_classic.retrievers import EnsembleRetriever

    return EnsembleRetriever(retrievers=[indexes.bm25, dense], weights=[0.5, 0.5])


def split(work: Work, pairs_indexed: bool) -> list[Any]:
    """Documents cut by LangChain's splitter; training pairs stay whole. Titles are indexed and not shown."""
    from langchain_core.documents import Document
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(chunk_size=work.chunk_size, chunk_overlap=0)
    texts = [Text(title=one.title, text=piece) for one in work.documents for piece in splitter.split_text(one.text)]
    texts += work.pair_texts if pairs_indexed else ()
    return [
        Document(page_content=f"{one.title}\n{one.text}" if one.title else one.text, metadata={"text": one.text})
        for one in texts
    ]


@cache
def _bm25_retriever() -> Any:
    """The class, defined on first use because LangChain is heavy to import."""
    from langchain_core.retrievers import BaseRetriever

    class BM25Retriever(BaseRetriever):
        pieces: list[Any]
        index: Any
        stemmer: Any

        def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Any]:
            import bm25s

            words = bm25s.tokenize(query, stopwords="en", stemmer=self.stemmer, show_progress=False)
            positions, _ = self.index.retrieve(words, k=min(PART_DEPTH, len(self.pieces)), show_progress=False)
            return [self.pieces[position] for position in positions[0]]

    return BM25Retriever
