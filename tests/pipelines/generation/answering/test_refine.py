"""Refine, driven by hand."""

from collections.abc import Callable
from typing import Any

from pipelines.records import Answer, Context

Make = Callable[..., Context]


def test_each_further_passage_is_read_beside_the_answer_so_far(drive: Callable[..., Any], context: Make) -> None:
    asked = [("High?", context("a", "b", "c")), ("Red?", context("d")), ("Old?", context("e", "f"))]
    driven = drive("refine", lambda question, passages: passages[-1].upper(), asked)
    assert driven.requests == [
        [("High?", ("a",)), ("Red?", ("d",)), ("Old?", ("e",))],
        [("High?", ("High? A", "b")), ("Old?", ("Old? E", "f"))],
        [("High?", ("High? B", "c"))],
    ]
    assert driven.texts == ["C", "D", "F"]


def test_a_refusal_takes_no_answers_place_and_is_not_read(drive: Callable[..., Any], context: Make) -> None:
    said = {"a": "Unknown.", "b": "96 m", "c": "unknown", "d": ""}
    driven = drive("refine", lambda question, passages: said[passages[-1]], [("High?", context(*"abcd"))])
    assert [request[0][1] for request in driven.requests] == [
        ("a",),
        ("b",),
        ("High? 96 m", "c"),
        ("High? 96 m", "d"),
    ]
    assert driven.texts == ["96 m"]


def test_a_failed_request_ends_its_question_alone(drive: Callable[..., Any], context: Make) -> None:
    failed = Answer("", 1, 0, error="down")
    asked = [("High?", context("a", "b")), ("Red?", context("c", "d"))]
    driven = drive("refine", lambda question, passages: failed if passages == ("a",) else "x", asked)
    assert driven.answers == [failed, Answer("x", 1, 1)]
    assert driven.requests[1] == [("Red?", ("Red? x", "d"))]


def test_without_passages_it_is_stuff(drive: Callable[..., Any], context: Make) -> None:
    driven = drive("refine", lambda question, passages: "no idea", [("High?", context())])
    assert driven.requests == [[("High?", ())]]
    assert driven.texts == ["no idea"]
    assert drive("refine", lambda question, passages: "", []).answers == []
