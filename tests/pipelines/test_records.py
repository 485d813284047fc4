"""The records' few derived values."""

from pipelines.records import Dataset, Question, Span


def test_judgements_are_grade_1_for_gold_documents_where_none_are_given() -> None:
    gold = (Span("d1", 0, 5), Span("d2", 0, 5), Span("d1", 8, 9))
    assert Question("q", "?", (), "test", gold).judgements == {"d1": 1, "d2": 1}
    assert Question("q", "?", (), "test", gold, {"d3": 2}).judgements == {"d3": 2}
    assert Question("q", "?", (), "test").judgements == {}


def test_split_keeps_the_datasets_order() -> None:
    questions = tuple(Question(str(n), "?", ("a",), split) for n, split in enumerate(("test", "train", "test", "dev")))
    dataset = Dataset("d", (), questions)
    assert [question.id for question in dataset.split("test")] == ["0", "2"]
    assert [question.id for question in dataset.split("dev")] == ["3"]
