"""Retrieval of documents, by trec_eval through ir-measures."""

from collections.abc import Mapping, Sequence

from eval.metrics.columns import Column, column
from pipelines.records import Chunk, Hits, Question

CUTOFFS = (1, 3, 5, 10)


def ranked_documents(hits: Hits, chunks: Mapping[str, Chunk]) -> list[str]:
    """The documents of the hit chunks, each at the rank of its best chunk. ``KeyError`` on an unknown chunk."""
    return list(dict.fromkeys(chunks[identifier].document_id for identifier in hits.chunk_ids))


def score_documents(
    questions: Sequence[Question], rankings: Sequence[Sequence[str]], cutoffs: Sequence[int] = CUTOFFS
) -> dict[str, Column]:
    """``recall_at_K``, ``ndcg_at_10``, ``map`` and ``mrr_at_10`` for each question, as trec_eval defines them.

    ``rankings`` are document ids without repeats, best first, one list a question; what stands beyond the list was
    not retrieved. trec_eval breaks ties by document id, so ranks, not scores, are handed to it. nDCG takes the
    relevance grades as gains. Masked where no document is judged relevant. Raises ``ValueError`` where the sequences
    differ in length or a ranking repeats a document.
    """
    from ir_measures import AP, RR, R, nDCG
    from ir_measures import pytrec_eval as provider

    judgements, run, top = {}, {}, {}
    for row, (question, ranking) in enumerate(zip(questions, rankings, strict=True)):
        if len(set(ranking)) < len(ranking):
            raise ValueError(f"the ranking of question {question.id!r} repeats a document")
        if any(grade > 0 for grade in question.judgements.values()):
            judgements[str(row)] = question.judgements
            run[str(row)] = {document: float(-place) for place, document in enumerate(ranking)}
            top[str(row)] = dict(list(run[str(row)].items())[:10])
    names = {R @ cutoff: f"recall_at_{cutoff}" for cutoff in cutoffs} | {nDCG @ 10: "ndcg_at_10", AP: "map"}
    # Judged questions without a hit score 0; trec_eval leaves them out.
    scores = {name: dict.fromkeys(judgements, 0.0) for name in [*names.values(), "mrr_at_10"]}
    if judgements:
        for result in provider.iter_calc(list(names), judgements, run):
            scores[names[result.measure]][result.query_id] = float(result.value)
        for result in provider.iter_calc([RR], judgements, top):
            scores["mrr_at_10"][result.query_id] = float(result.value)
    return {name: column([by_row.get(str(row)) for row in range(len(questions))]) for name, by_row in scores.items()}
