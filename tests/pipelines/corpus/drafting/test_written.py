"""Questions a language model writes; the replies are the test's."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.corpus.drafting.checks import ELSEWHERE
from pipelines.corpus.drafting.written import NO_REPLY, NOTHING, Asking, pairs_of, written
from pipelines.records import Answer, Chunk, Document, Prompt

TEXT = "The Kestrel pump is green.\n\nIt weighs 12 kg.\n\nIda Brandt owns it."
DOCUMENTS = {"a": Document("a", TEXT, "Pumps")}
PASSAGES = [
    Chunk(f"a#{n}", "a", start, end, TEXT[start:end], TEXT[start:end])
    for n, (start, end) in enumerate([(0, 26), (28, 44), (46, 65)])
]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (" Who?\nAnswer: Ida\nQuestion: When?\nAnswer: today", [("Who?", "Ida"), ("When?", "today")]),
        ("Question: Who?\nAnswer: Ida", [("Who?", "Ida")]),
        ("1. Q: Who?\n   A: Ida\n2. **Question 2:** When?\n**Answer:** today", [("Who?", "Ida"), ("When?", "today")]),
        ("Who?\nAnswer: Ida\nQuestion: When?", [("Who?", "Ida")]),
        ("Who?\nAnswer: Ida\nAnswer: Bo", [("Who?", "Ida")]),
        ("", []),
        ("Answer: Ida", []),
    ],
)
def test_pairs_of_a_reply(reply: str, expected: list[tuple[str, str]]) -> None:
    assert pairs_of(reply) == expected


LINE = st.text(st.characters(categories=("L", "Nd")), min_size=1, max_size=9).map(lambda text: f"w {text}")


@given(st.lists(st.tuples(LINE, LINE), min_size=1, max_size=5))
def test_labelled_pairs_come_back(pairs: list[tuple[str, str]]) -> None:
    reply = "\n".join(f"Question: {asked}\nAnswer: {answered}" for asked, answered in pairs)
    assert pairs_of(reply) == pairs
    assert pairs_of(reply.removeprefix("Question:")) == pairs


@pytest.mark.parametrize(("answer", "expected"), [("at 3 P.M.", "at 3 p.m."), ("Monday.", "monday"), ("'x'", "x")])
def test_answers_are_taken_as_the_passage_writes_them(answer: str, expected: str) -> None:
    passage = "Come on monday, at 3 p.m. and not before, said x."
    document = {"a": Document("a", passage)}
    chunk = Chunk("a#0", "a", 0, len(passage), passage, passage)
    asking = Asking("{passage}", 1, 9)
    made = written([chunk], document, asking, lambda prompts, most: [Answer(f"When is it?\nAnswer: {answer}", 1, 1)])
    assert [one.answer for one in made.kept] == [expected]


def test_no_more_questions_are_taken_than_were_asked_for() -> None:
    reply = "Who owns it?\nAnswer: Ida\nQuestion: Who has it?\nAnswer: Brandt\nQuestion: Who?\nAnswer: Ida Brandt"
    asking = Asking("{passage}", 2, 9)
    made = written(PASSAGES[2:], DOCUMENTS, asking, lambda prompts, most: [Answer(reply, 1, 1)])
    assert [one.question for one in made.kept] == ["Who owns it?", "Who has it?"]


def test_drafts_are_checked_against_their_own_passage_and_losses_counted() -> None:
    calls: list[list[Prompt]] = []
    replies = [
        ' What colour is the Kestrel pump?\nAnswer: "Green."\nQuestion: What does it weigh?\nAnswer: 12 kg',
        " I am sorry",
        "ERROR",
    ]

    def complete(prompts: Sequence[Prompt], most: int) -> list[Answer]:
        calls.append(list(prompts))
        assert most == 50
        return [Answer("" if text == "ERROR" else text, 1, 1, error="x" * (text == "ERROR")) for text in replies]

    asking = Asking("Ask {count}.\n{title}: {passage}\nQuestion:\n", 2, 50)
    made = written(PASSAGES, DOCUMENTS, asking, complete)
    assert [(one.question, one.answer, one.passage) for one in made.kept] == [
        ("What colour is the Kestrel pump?", "green", PASSAGES[0].span)
    ]
    assert made.dropped == {ELSEWHERE: 1, NOTHING: 1, NO_REPLY: 1}
    ((first, second, _),) = calls
    assert first.text == "Ask 2.\nPumps: The Kestrel pump is green.\nQuestion:"
    assert first.prefix == second.prefix == "Ask 2.\n"
