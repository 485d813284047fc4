"""Everything wrong is said at once, one line each."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from pipelines.corpus.validation import Place, Problem, check, parse_row, raise_problems
from pipelines.errors import UserError
from pipelines.records import Dataset, Document, Question, Span

DOCUMENT = Document("d1", "The tower is 96 m high.")
QUESTION = Question("q1", "How high is the tower?", ("96 m",), "test", gold=(Span("d1", 0, 23),))
DATASET = Dataset("towers", (DOCUMENT,), (QUESTION,))


def _lines(dataset: Dataset, **options: Any) -> list[str]:
    return [str(problem) for problem in check(dataset, **options)]


def _asking(**changes: Any) -> Dataset:
    return replace(DATASET, questions=(replace(QUESTION, **changes),))


def test_sound_dataset_has_no_problem() -> None:
    assert _lines(DATASET) == []


def test_empty_corpus() -> None:
    lines = _lines(replace(DATASET, documents=(), questions=(replace(QUESTION, gold=()),)))
    assert lines == ["towers: documents: the corpus is empty"]


def test_no_question() -> None:
    assert _lines(replace(DATASET, questions=())) == ["towers: questions: there is no question"]


def test_empty_document() -> None:
    dataset = replace(DATASET, documents=(DOCUMENT, Document("d2", " \n")))
    assert _lines(dataset) == ["towers: text: document 'd2' is empty"]


def test_duplicate_ids_name_the_first_place() -> None:
    dataset = replace(DATASET, documents=(DOCUMENT, DOCUMENT), questions=(QUESTION, QUESTION))
    lines = _lines(
        dataset,
        document_places=[Place("c.jsonl", 1), Place("c.jsonl", 2)],
        question_places=[Place("q.csv", 2), Place("q.csv", 9)],
    )
    assert lines == [
        "c.jsonl:2: id: duplicate document id 'd1', first at c.jsonl:1",
        "q.csv:9: id: duplicate question id 'q1', first at q.csv:2",
    ]


def test_question_without_an_answer() -> None:
    other = replace(QUESTION, id="q2", answers=())
    lines = _lines(replace(DATASET, questions=(QUESTION, other)))
    assert lines == ["towers: answers: question 'q2' has no answer; give one, or set answerable to false"]


def test_unanswerable_question_needs_no_answer() -> None:
    assert _lines(_asking(answers=(), answerable=False)) == []


def test_dataset_that_judges_retrieval_alone_needs_no_answers() -> None:
    assert _lines(_asking(answers=(), gold=(), relevance={"d1": 2})) == []


def test_blank_answer() -> None:
    assert _lines(_asking(answers=("96 m", " "))) == ["towers: answers: question 'q1' has an empty answer"]


def test_question_without_text() -> None:
    assert _lines(_asking(text=" ")) == ["towers: question: question 'q1' has no text"]


def test_unknown_split() -> None:
    assert _lines(_asking(split="tset")) == ["towers: split: must be one of train, dev, test, not 'tset'"]


def test_gold_that_names_no_document_suggests_the_nearest() -> None:
    lines = _lines(_asking(gold=(Span("d12", 0, 4),)))
    assert lines == ["towers: gold: names no document: 'd12'; did you mean 'd1'?"]


def test_gold_of_a_document_reported_elsewhere_is_no_problem() -> None:
    assert _lines(_asking(gold=(Span("d7", 0, 4),)), also_known={"d7"}) == []


@pytest.mark.parametrize(
    ("span", "message"),
    [
        (Span("d1", 5, 5), "the span [5, 5) of 'd1' is empty"),
        (Span("d1", 0, 24), "the span [0, 24) is outside 'd1', which has 23 characters"),
        (Span("d1", -1, 4), "the span [-1, 4) is outside 'd1', which has 23 characters"),
        (Span("d1", 9, 4), "the span [9, 4) is outside 'd1', which has 23 characters"),
    ],
)
def test_gold_span_outside_the_document(span: Span, message: str) -> None:
    assert _lines(_asking(gold=(span,))) == [f"towers: gold: {message}"]


def test_judgement_that_names_no_document() -> None:
    lines = _lines(_asking(relevance={"d1": 1, "x": 1}))
    assert lines == ["towers: relevance: names no document: 'x'"]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    question: str
    answers: list[str] = []


def test_misspelt_field_suggests_the_nearest() -> None:
    problems: list[Problem] = []
    assert parse_row(_Row, {"question": "q", "anwsers": []}, Place("q.jsonl", 3), problems) is None
    assert [str(problem) for problem in problems] == [
        "q.jsonl:3: anwsers: unknown field; did you mean 'answers'?",
    ]


def test_wrong_types_are_all_named_with_their_path() -> None:
    problems: list[Problem] = []
    parse_row(_Row, {"question": 5, "answers": ["a", 7]}, Place("q.jsonl", 3), problems)
    assert [str(problem) for problem in problems] == [
        "q.jsonl:3: question: must be a valid string, not 5",
        "q.jsonl:3: answers[1]: must be a valid string, not 7",
    ]


def test_all_problems_are_raised_together_in_order() -> None:
    problems = [Problem("b", 2, "x", "m"), Problem("a", None, "", "m"), Problem("b", 1, "y", "m")]
    with pytest.raises(UserError) as caught:
        raise_problems(problems)
    assert str(caught.value) == "a: m\nb:1: y: m\nb:2: x: m"


def test_no_problem_raises_nothing() -> None:
    raise_problems([])
