"""A pipeline as LangChain objects. Calls from several threads (``batch``, ``ainvoke``) are answered in turn."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from assay.pipeline import Pipeline
from assay.serving.asking import ask, passages, question_of, retrieved_only
from pipelines.errors import UserError
from pipelines.records import Chunk, Context

if TYPE_CHECKING:
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever
    from langchain_core.runnables import Runnable


def as_retriever(pipeline: Pipeline) -> "BaseRetriever":
    """The retrieval of a pipeline: query transformation, search, reranking and post-processing.

    A document's ``id`` and ``metadata["id"]`` are the chunk's, so that the retriever fits a ``langchain`` retriever
    stage over the same chunks. Raises ``UserError`` where the configuration retrieves nothing.
    """
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever

    retrieved_only(pipeline)

    class PipelineRetriever(BaseRetriever):
        """A configuration's retrieval."""

        def _get_relevant_documents(self, query: str) -> list[Document]:  # type: ignore[override]  # as LangChain allows
            return documents(passages(pipeline, question_of(query)))

    return PipelineRetriever(metadata={"configuration": pipeline.configuration.id})


def as_runnable(pipeline: Pipeline) -> "Runnable[str | dict[str, Any], dict[str, Any]]":
    """A runnable from a question, or ``{"question": ..., "metadata": {...}}``, to ``answer``, ``passages`` (LangChain
    documents), ``citations`` (ids of passages) and ``usage`` (tokens, by LangChain's names)."""
    from langchain_core.runnables import RunnableLambda

    def answer(asked: str | dict[str, Any]) -> dict[str, Any]:
        answered = ask(pipeline, question_of(*_parts(asked)))
        spent = answered.answer
        usage = {
            "input_tokens": spent.prompt_tokens,
            "output_tokens": spent.output_tokens,
            "total_tokens": spent.prompt_tokens + spent.output_tokens,
        }
        read = documents(answered.context)
        return {"answer": spent.text, "passages": read, "citations": list(spent.citations), "usage": usage}

    return RunnableLambda(answer, name=pipeline.configuration.id)


def documents(context: Context) -> "list[Document]":
    """The passages of a context as LangChain documents, in reading order."""
    from langchain_core.documents import Document

    def made(chunk: Chunk) -> Document:
        place = {"start": chunk.start, "end": chunk.end}
        metadata = {"id": chunk.id, "document": chunk.document_id, **place}
        return Document(id=chunk.id, page_content=chunk.text, metadata=metadata)

    return [made(chunk) for chunk in context.chunks]


def _parts(asked: str | Mapping[str, Any]) -> tuple[str, Mapping[str, str]]:
    if isinstance(asked, str):
        return asked, {}
    if not isinstance(asked.get("question"), str):
        raise UserError('the input is a question, or a mapping with a text under "question"')
    return asked["question"], asked.get("metadata", {})
