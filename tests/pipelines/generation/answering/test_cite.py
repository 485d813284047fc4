"""Citations asked for, parsed and checked, driven by hand."""

from collections.abc import Callable
from typing import Any

import pytest

from pipelines.flows import Complete, Generate
from pipelines.records import Answer, Context

Make = Callable[..., Context]
TEXTS = ("The north tower is 96 m high.", "The south tower\nis 88 m high.", "At 96 m the north tower is the highest.")


@pytest.mark.parametrize(
    ("written", "text", "citations"),
    [
        ("96 m [1]", "96 m", ("c1",)),
        ('"96 m" [3].', "96 m", ("c3",)),
        ("96 m [3][1]", "96 m", ("c3", "c1")),
        ("96 m [1, 2; 3].", "96 m.", ("c1", "c3")),
        ("96 m [1] [1]", "96 m", ("c1",)),
        ("96 m [2]", "96 m", ()),
        ("96 m [0] [4]", "96 m", ()),
        ("96 m", "96 m", ("c1", "c3")),
        ("120 km", "120 km", ()),
        ("unknown [1]", "unknown", ()),
        ("[1]", "", ()),
        ("the [1]", "the", ()),
        ("96 m [as built]", "96 m [as built]", ()),
    ],
)
def test_citations_leave_the_text_and_are_checked(
    written: str, text: str, citations: tuple[str, ...], drive: Callable[..., Any], context: Make
) -> None:
    driven = drive("cite", lambda question, passages: Answer(written, 7, 3, 0.5), [("How high?", context(*TEXTS))])
    assert driven.answers == [Answer(text, 7, 3, 0.5, citations=citations)]


def test_without_repair_nothing_is_looked_up(drive: Callable[..., Any], context: Make) -> None:
    config = {"kind": "cite", "repair": False}
    driven = drive(config, lambda question, passages: "96 m", [("How high?", context(*TEXTS))])
    assert driven.answers[0].citations == ()


def test_a_lower_share_lets_more_count(drive: Callable[..., Any], context: Make) -> None:
    config = {"kind": "cite", "support": 0.5}
    driven = drive(config, lambda question, passages: "96 m [2]", [("How high?", context(*TEXTS))])
    assert driven.answers[0].citations == ("c2",)


def test_passages_are_numbered_in_one_request_and_questions_without_any_are_asked_as_usual(
    drive: Callable[..., Any], context: Make
) -> None:
    asked = [("How high?", context(*TEXTS[:2])), ("Who?", context()), ("Where?", context(TEXTS[2]))]
    driven = drive("cite", lambda question, passages: f"{question} [1]", asked)
    bare, cited = driven.steps
    assert isinstance(bare, Generate)
    assert driven.requests[0] == [("Who?", ())]
    assert isinstance(cited, Complete)
    assert [prompt.text[len(prompt.prefix) :] for prompt in cited.prompts] == [
        "Passage [1]: The north tower is 96 m high.\nPassage [2]: The south tower is 88 m high.\n"
        "Question: How high?\nAnswer:",
        "Passage [1]: At 96 m the north tower is the highest.\nQuestion: Where?\nAnswer:",
    ]
    assert driven.texts == ["How high?", "Who? [1]", "Where?"]


def test_a_failed_request_is_kept(drive: Callable[..., Any], context: Make) -> None:
    failed = Answer("", 1, 0, error="down")
    driven = drive("cite", lambda question, passages: failed, [("How high?", context(*TEXTS))])
    assert driven.answers == [failed]


def test_asked_nothing_it_asks_nothing(drive: Callable[..., Any]) -> None:
    driven = drive("cite", lambda question, passages: "", [])
    assert (driven.answers, driven.steps) == ([], [])
