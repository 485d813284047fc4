"""What a configuration gives its model to read: nothing, what it retrieves, or the gold passages."""

from collections.abc import Mapping, Sequence

from assay.experiment import Configuration
from assay.stages import Stages
from pipelines.post_retrieval import post_processors
from pipelines.records import Chunk, Context, Document, Question, Span


def contexts_for(
    stages: Stages, configuration: Configuration, questions: Sequence[Question], queries: Sequence[str]
) -> list[Context]:
    """The context of each question, by the configuration's cell of the grid."""
    if configuration.gold:
        return [gold_context(stages.documents, question) for question in questions]
    if not configuration.retrieved:
        return [Context() for _ in questions]
    by_id = stages.chunks_by_id(configuration)
    _, found = stages.hits(configuration, queries)
    contexts = []
    for query, hits in zip(queries, found, strict=True):
        contexts.append(read(stages, configuration, query, [by_id[name] for name in hits.chunk_ids]))
    return contexts


def read(stages: Stages, configuration: Configuration, query: str, found: Sequence[Chunk]) -> Context:
    """The found chunks cut to the configuration's depth and put through its post-processors."""
    kept = list(found)[: configuration.depth]
    for config in configuration.post:
        kept = post_processors.build(config)(query, kept, stages.model(configuration).count_tokens)
    return Context(tuple(kept))


def gold_context(documents: Mapping[str, Document], question: Question) -> Context:
    """The gold passages as they stand in the documents; empty where there are none."""
    return Context(tuple(_passage(documents[span.document_id].text, span) for span in question.gold))


def example_context(stages: Stages, configuration: Configuration, question: Question) -> Context:
    """What a worked example shows as context: its gold passages, and nothing for closed book."""
    if configuration.gold or configuration.retrieved:
        return gold_context(stages.training_documents, question)
    return Context()


def _passage(document: str, span: Span) -> Chunk:
    text = document[span.start : span.end]
    return Chunk(f"{span.document_id}@{span.start}-{span.end}", span.document_id, span.start, span.end, text, text)
