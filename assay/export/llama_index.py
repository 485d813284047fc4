"""A pipeline as LlamaIndex objects. Calls from several threads are answered in turn."""

from typing import TYPE_CHECKING, Any

from assay.pipeline import Answered, Pipeline
from assay.serving.asking import ask, passages, question_of, retrieved_only
from pipelines.records import Chunk, Context

if TYPE_CHECKING:
    from llama_index.core.base.base_query_engine import BaseQueryEngine
    from llama_index.core.base.base_retriever import BaseRetriever
    from llama_index.core.base.response.schema import Response
    from llama_index.core.schema import NodeWithScore, QueryBundle


def as_retriever(pipeline: Pipeline) -> "BaseRetriever":
    """The retrieval of a pipeline: query transformation, search, reranking and post-processing.

    Nodes come in reading order, without scores: after reranking and reordering there is no number that means the same
    for all. A node's id is the chunk's. Raises ``UserError`` where the configuration retrieves nothing.
    """
    retrieved_only(pipeline)
    import asyncio

    from llama_index.core.base.base_retriever import BaseRetriever

    class PipelineRetriever(BaseRetriever):
        """A configuration's retrieval."""

        def _retrieve(self, query_bundle: "QueryBundle") -> "list[NodeWithScore]":
            return nodes(passages(pipeline, question_of(query_bundle.query_str)))

        async def _aretrieve(self, query_bundle: "QueryBundle") -> "list[NodeWithScore]":
            return await asyncio.to_thread(self._retrieve, query_bundle)

    return PipelineRetriever()


def as_query_engine(pipeline: Pipeline) -> "BaseQueryEngine":
    """A query engine that answers with the pipeline. A response's ``source_nodes`` are the passages it was read from,
    its ``metadata`` holds ``configuration``, ``citations`` (ids of nodes) and ``usage`` (tokens)."""
    import asyncio

    from llama_index.core.base.base_query_engine import BaseQueryEngine

    class PipelineQueryEngine(BaseQueryEngine):
        """A configuration's answers."""

        def _get_prompt_modules(self) -> dict[str, Any]:
            return {}  # the prompts are the pipeline's

        def _query(self, query_bundle: "QueryBundle") -> "Response":
            return _response(pipeline, ask(pipeline, question_of(query_bundle.query_str)))

        async def _aquery(self, query_bundle: "QueryBundle") -> "Response":
            return await asyncio.to_thread(self._query, query_bundle)

    return PipelineQueryEngine(callback_manager=None)


def nodes(context: Context) -> "list[NodeWithScore]":
    """The passages of a context as LlamaIndex nodes, in reading order."""
    from llama_index.core.schema import NodeWithScore, TextNode

    def made(chunk: Chunk) -> NodeWithScore:
        place = {"start": chunk.start, "end": chunk.end}
        metadata = {"document": chunk.document_id, **place}
        # What a language model reads and an embedder sees is the passage alone, as in the pipeline itself.
        hidden = list(metadata)
        return NodeWithScore(
            node=TextNode(
                id_=chunk.id,
                text=chunk.text,
                metadata=metadata,
                excluded_llm_metadata_keys=hidden,
                excluded_embed_metadata_keys=hidden,
            )
        )

    return [made(chunk) for chunk in context.chunks]


def _response(pipeline: Pipeline, answered: Answered) -> "Response":
    from llama_index.core.base.response.schema import Response

    answer = answered.answer
    metadata: dict[str, Any] = {
        "configuration": pipeline.configuration.id,
        "citations": list(answer.citations),
        "usage": {"input_tokens": answer.prompt_tokens, "output_tokens": answer.output_tokens},
    }
    return Response(response=answer.text, source_nodes=nodes(answered.context), metadata=metadata)
