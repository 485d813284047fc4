"""Labels of questions: which chunks support them, by gold passage, and what should be answered."""

from assay.labels import labelled
from pipelines.records import Chunk, Question, Span


def chunk(name: str, document: str, start: int, end: int) -> Chunk:
    return Chunk(name, document, start, end, name, name)


CHUNKS = [chunk("a1", "a", 0, 10), chunk("a2", "a", 10, 20), chunk("b1", "b", 0, 30)]


def test_hops_follow_the_gold_passages_and_keep_their_order() -> None:
    gold = (Span("b", 0, 5), Span("a", 8, 20), Span("a", 12, 18))
    (label,) = labelled([Question("q", "text", ("x", "y"), "train", gold)], CHUNKS)
    assert label.relevant == {"b1": 1, "a2": 1}
    assert label.hops == (("b1",), ("a2",))  # the last two passages stand in the same chunk
    assert label.answer == "x"


def test_judged_documents_have_no_hops() -> None:
    (label,) = labelled([Question("q", "text", ("x",), "train", relevance={"a": 2, "b": 0})], CHUNKS)
    assert (label.relevant, label.hops) == ({"a1": 2, "a2": 2}, ())


def test_a_passage_without_a_chunk_is_no_hop() -> None:
    gold = (Span("gone", 0, 5), Span("b", 0, 30))
    (label,) = labelled([Question("q", "text", ("x",), "train", gold)], CHUNKS)
    assert label.hops == (("b1",),)


def test_a_gold_passage_has_the_grade_of_its_document() -> None:
    gold = (Span("a", 0, 10), Span("b", 0, 30))
    (label,) = labelled([Question("q", "text", (), "train", gold, relevance={"a": 2, "b": 1})], CHUNKS)
    assert label.relevant == {"a1": 2, "b1": 1}
