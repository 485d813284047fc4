"""Retrieval of gold passages: did the chunks hold the text that supports the answer?"""

from collections.abc import Mapping, Sequence

from eval.metrics.columns import Column, column
from eval.metrics.documents import CUTOFFS, ranked_documents, score_documents
from pipelines.records import Chunk, Hits, Question, Span


def gold_passage_recall(question: Question, chunks: Sequence[Chunk]) -> float | None:
    """Share of the gold passages of which ``chunks`` together cover at least half the characters.

    Coverage is of the union, so a passage that the chunker cut in three counts when enough of its pieces were found.
    None where the question has no gold passage.
    """
    spans = [span for span in question.gold if span.end > span.start]
    if not spans:
        return None
    return sum(_covered(span, chunks) * 2 >= span.end - span.start for span in spans) / len(spans)


def _covered(span: Span, chunks: Sequence[Chunk]) -> int:
    """Characters of ``span`` that lie in a chunk of its document."""
    pieces = sorted(
        (max(chunk.start, span.start), min(chunk.end, span.end))
        for chunk in chunks
        if chunk.document_id == span.document_id
    )
    covered, reached = 0, span.start
    for start, end in pieces:
        covered += max(end - max(start, reached), 0)
        reached = max(reached, end)
    return covered


def score_retrieval(
    questions: Sequence[Question],
    hits: Sequence[Hits],
    chunks: Mapping[str, Chunk],
    cutoffs: Sequence[int] = CUTOFFS,
) -> dict[str, Column]:
    """The metrics of ``score_documents`` on the hits' documents, and ``gold_passage_recall_at_K`` on the chunks.

    ``chunks`` maps the ids in ``hits`` to chunks. A cutoff counts documents for the former and chunks for the latter.
    Raises ``ValueError`` where the sequences differ in length, ``KeyError`` on an unknown chunk id.
    """
    scores = score_documents(questions, [ranked_documents(found, chunks) for found in hits], cutoffs)
    found_chunks = [[chunks[identifier] for identifier in found.chunk_ids] for found in hits]
    for cutoff in cutoffs:
        scores[f"gold_passage_recall_at_{cutoff}"] = column(
            [gold_passage_recall(q, found[:cutoff]) for q, found in zip(questions, found_chunks, strict=True)]
        )
    return scores
