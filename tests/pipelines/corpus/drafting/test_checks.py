"""What makes a drafted question unusable."""

import pytest

from pipelines.corpus.drafting import Draft
from pipelines.corpus.drafting.checks import (
    ASKED_BEFORE,
    ELSEWHERE,
    GIVEN_AWAY,
    NO_ANSWER,
    NO_QUESTION,
    POINTING,
    REPEATED_PASSAGE,
    TOO_LONG,
    checked,
    problem,
)
from pipelines.records import Document, Span

PASSAGE = "The Kestrel pump is green. It weighs 12 kg."


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        ("What colour is the Kestrel pump?", "green", ""),
        ("What does the Kestrel weigh?", "12 KG", ""),
        ("The colour of the Kestrel pump", "green", NO_QUESTION),
        ("What colour\nis it?", "green", NO_QUESTION),
        ("Who? What colour is the Kestrel?", "green", NO_QUESTION),
        ("What colour is the Kestrel?", " - ", NO_ANSWER),
        ("What colour is the Kestrel?", "red", ELSEWHERE),
        ("What does the Kestrel weigh?", "2 kg", ELSEWHERE),
        ("Is the Kestrel green?", "green", GIVEN_AWAY),
        ("Which colour does the passage name?", "green", POINTING),
        ("What " + "very " * 60 + "long?", "green", TOO_LONG),
        ("What colour is the Kestrel?", "green " * 20, TOO_LONG),
    ],
)
def test_problems(question: str, answer: str, expected: str) -> None:
    assert problem(question, answer, PASSAGE) == expected


def test_repeated_questions_and_passages_are_counted() -> None:
    documents = {"a": Document("a", "Colour: green\n\nColour: green\n\nWeight: 12 kg")}
    first, second, weight = Span("a", 0, 13), Span("a", 15, 28), Span("a", 30, 43)
    found = checked(
        [
            Draft("What colour is it?", "green", first, "key_value"),
            Draft("Which colour?", "green", second, "key_value"),
            Draft("What weight?", "12 kg", weight, "key_value"),
            Draft("what WEIGHT ?", "12 kg", weight, "key_value"),
        ],
        documents,
    )
    assert [draft.question for draft in found.kept] == ["What colour is it?", "What weight?"]
    assert found.dropped == {REPEATED_PASSAGE: 1, ASKED_BEFORE: 1}
