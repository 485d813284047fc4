"""Which chunks support a question: the labels that rerankers, encoders and fusion weights learn from."""

from collections.abc import Mapping, Sequence

from pipelines.generation.prompts import expected
from pipelines.learning import Labelled
from pipelines.records import Chunk, Hits, Question, Span


def labelled(
    questions: Sequence[Question], chunks: Sequence[Chunk], hits: Sequence[Hits] | None = None
) -> tuple[Labelled, ...]:
    """The questions that have a supporting chunk. ``hits`` are what a first search found, one for each question."""
    by_document: dict[str, list[Chunk]] = {}
    for chunk in chunks:
        by_document.setdefault(chunk.document_id, []).append(chunk)
    found = hits or [Hits((), ())] * len(questions)
    labels = [
        Labelled(q.text, relevant_chunks(q, by_document), one, hops(q, by_document), expected(q))
        for q, one in zip(questions, found, strict=True)
    ]
    return tuple(label for label in labels if label.relevant)


def relevant_chunks(question: Question, by_document: Mapping[str, Sequence[Chunk]]) -> dict[str, int]:
    """Ids and grades of the chunks that support a question: those that share with a gold passage at least half of the
    shorter of the two, with the grade of their document; without gold passages every chunk of a document that is judged
    relevant."""
    if question.gold:
        return {
            chunk.id: question.judgements.get(span.document_id, 1)
            for span in question.gold
            for chunk in by_document.get(span.document_id, ())
            if _shares(chunk, span)
        }
    judged = {name: grade for name, grade in question.relevance.items() if grade > 0}
    return {chunk.id: grade for name, grade in judged.items() for chunk in by_document.get(name, ())}


def hops(question: Question, by_document: Mapping[str, Sequence[Chunk]]) -> tuple[tuple[str, ...], ...]:
    """Ids of each gold passage's supporting chunks, in the passages' order; passages of the same chunks count once."""
    found = (
        tuple(chunk.id for chunk in by_document.get(span.document_id, ()) if _shares(chunk, span))
        for span in question.gold
    )
    return tuple(dict.fromkeys(one for one in found if one))


def _shares(chunk: Chunk, span: Span) -> bool:
    common = min(chunk.end, span.end) - max(chunk.start, span.start)
    return common > 0 and 2 * common >= min(chunk.end - chunk.start, span.end - span.start)
