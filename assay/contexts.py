"""What a configuration gives its model to read: nothing, what it retrieves, or the gold passages."""

from collections.abc import Mapping, Sequence

from assay.experiment import Configuration
from assay.stages import Stages
from pipelines.records import Chunk, Context, Document, Question, Span


def contexts_for(
    stages: Stages, configuration: Configuration, questions: Sequence[Question], queries: Sequence[str]
) -> list[Context]:
    """The context of each question, by the configuration's cell of the grid."""
    if configuration.retrieved:
        return stages.retrieval.retrieve(configuration, questions, queries).contexts
    return unretrieved(stages, configuration, questions)


def unretrieved(stages: Stages, configuration: Configuration, questions: Sequence[Question]) -> list[Context]:
    """The contexts of the cells without retrieval: the gold passages, or nothing."""
    return [gold_context(stages.documents, question) if configuration.gold else Context() for question in questions]


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
