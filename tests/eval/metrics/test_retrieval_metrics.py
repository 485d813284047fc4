"""Retrieval metrics with miniature judgements, and against independent formulas."""

from math import log2

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.metrics import gold_passage_recall, score_documents, score_retrieval
from pipelines.records import Chunk, Hits, Question, Span

DOCUMENTS = [f"d{i}" for i in range(15)]


def judged(relevance: dict[str, int]) -> Question:
    return Question("q", "?", (), "test", relevance=relevance)


def chunk(identifier: str, document: str, start: int, end: int) -> Chunk:
    return Chunk(identifier, document, start, end, "", "")


def hits(*identifiers: str) -> Hits:
    return Hits(identifiers, tuple(1.0 for _ in identifiers))


def dcg(gains: list[int]) -> float:
    return sum(gain / log2(rank + 1) for rank, gain in enumerate(gains, start=1))


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(DOCUMENTS), st.integers(0, 3), min_size=1),
    st.permutations(DOCUMENTS),
    st.integers(0, 15),
)
def test_the_metrics_are_those_of_trec_eval(relevance: dict[str, int], order: list[str], depth: int) -> None:
    ranking = order[:depth]
    found = {name: values.tolist()[0] for name, values in score_documents([judged(relevance)], [ranking]).items()}
    relevant = {document for document, grade in relevance.items() if grade > 0}
    if not relevant:
        assert set(found.values()) == {None}
        return
    places = [rank for rank, document in enumerate(ranking, start=1) if document in relevant]
    ideal = dcg(sorted((g for g in relevance.values() if g > 0), reverse=True)[:10])
    for k in (1, 3, 5, 10):
        assert found[f"recall_at_{k}"] == pytest.approx(len(relevant & set(ranking[:k])) / len(relevant), abs=1e-6)
    assert found["ndcg_at_10"] == pytest.approx(dcg([relevance.get(d, 0) for d in ranking[:10]]) / ideal, abs=1e-6)
    precisions = [hit / rank for hit, rank in enumerate(places, start=1)]
    assert found["map"] == pytest.approx(sum(precisions) / len(relevant), abs=1e-6)
    first = places[0] if places and places[0] <= 10 else None
    assert found["mrr_at_10"] == pytest.approx(1 / first if first else 0.0, abs=1e-6)


def test_equal_scores_keep_the_retrievers_order() -> None:
    # trec_eval would put d9 before d1 on a tie
    chunks = {"c1": chunk("c1", "d1", 0, 9), "c9": chunk("c9", "d9", 0, 9)}
    scores = score_retrieval([judged({"d1": 1})], [hits("c1", "c9")], chunks)
    assert scores["mrr_at_10"].tolist() == [1.0]


def test_a_document_counts_once_at_its_best_chunk() -> None:
    chunks = {f"c{i}": chunk(f"c{i}", document, 0, 9) for i, document in enumerate(["d1", "d1", "d1", "d2"])}
    scores = score_retrieval([judged({"d2": 1})], [hits("c0", "c1", "c2", "c3")], chunks)
    assert scores["mrr_at_10"].tolist() == [1 / 2]
    assert scores["recall_at_3"].tolist() == [1.0]
    assert scores["gold_passage_recall_at_3"].tolist() == [None]


def test_a_question_without_hits_scores_zero() -> None:
    scores = score_documents([judged({"d1": 1}), judged({"d1": 1})], [[], ["d1"]])
    assert scores["ndcg_at_10"].tolist() == [0.0, 1.0]


def test_a_repeated_document_is_refused() -> None:
    with pytest.raises(ValueError, match="repeats"):
        score_documents([judged({"d1": 1})], [["d1", "d1"]])


def with_gold(*spans: Span) -> Question:
    return Question("q", "?", ("x",), "test", gold=spans)


def test_half_a_passage_is_enough_and_less_is_not() -> None:
    question = with_gold(Span("d1", 100, 200))
    assert gold_passage_recall(question, [chunk("c", "d1", 0, 150)]) == 1.0
    assert gold_passage_recall(question, [chunk("c", "d1", 0, 149)]) == 0.0
    assert gold_passage_recall(question, [chunk("c", "d2", 100, 200)]) == 0.0


def test_pieces_of_a_passage_add_up_without_counting_twice() -> None:
    question = with_gold(Span("d1", 0, 100))
    assert gold_passage_recall(question, [chunk("a", "d1", 0, 30), chunk("b", "d1", 30, 60)]) == 1.0
    assert gold_passage_recall(question, [chunk("a", "d1", 0, 30), chunk("b", "d1", 0, 30)]) == 0.0


def test_passage_recall_is_the_share_of_hops_found_within_the_cutoff() -> None:
    question = with_gold(Span("d1", 0, 10), Span("d2", 0, 10))
    chunks = {"a": chunk("a", "d1", 0, 10), "b": chunk("b", "d2", 0, 10)}
    scores = score_retrieval([question], [hits("a", "b")], chunks)
    assert scores["gold_passage_recall_at_1"].tolist() == [1 / 2]
    assert scores["gold_passage_recall_at_3"].tolist() == [1.0]
