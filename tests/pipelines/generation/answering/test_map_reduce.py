"""Map-reduce, driven by hand."""

from collections.abc import Callable
from typing import Any

from pipelines.records import Answer, Context

Make = Callable[..., Context]


def test_passages_are_answered_alone_then_their_answers_together(drive: Callable[..., Any], context: Make) -> None:
    asked = [("High?", context("a", "b", "c")), ("Red?", context("d", "e"))]
    said = {("a",): "96 m", ("b",): "unknown", ("c",): "97 m", ("d",): "red", ("e",): "no"}
    driven = drive("map_reduce", lambda question, passages: said.get(passages, "both"), asked)
    assert driven.requests == [
        [("High?", ("a",)), ("High?", ("b",)), ("High?", ("c",)), ("Red?", ("d",)), ("Red?", ("e",))],
        [("High?", ("High? 96 m", "High? 97 m")), ("Red?", ("Red? red", "Red? no"))],
    ]
    assert driven.texts == ["both", "both"]
    chunks = driven.steps[1].contexts[0].chunks
    assert [(chunk.id, chunk.document_id, chunk.start, chunk.end) for chunk in chunks] == [
        ("answer:q1:0", "", 0, 0),
        ("answer:q1:2", "", 0, 0),
    ]


def test_what_agrees_is_not_asked_again(drive: Callable[..., Any], context: Make) -> None:
    said = {"a": "96 m", "b": "unknown", "c": "96  M", "d": "unknown", "e": "Unknown", "f": "red", "g": "x", "h": "y"}
    asked = [("High?", context(*"abc")), ("Old?", context(*"de")), ("Red?", context("f")), ("Two?", context(*"gh"))]
    driven = drive("map_reduce", lambda question, passages: said.get(passages[0], "merged"), asked)
    assert driven.texts == ["96 m", "unknown", "red", "merged"]
    assert driven.requests[1] == [("Two?", ("Two? x", "Two? y"))]


def test_a_failed_part_fails_its_question(drive: Callable[..., Any], context: Make) -> None:
    failed = Answer("", 1, 0, error="down")
    asked = [("High?", context(*"abc"))]
    driven = drive("map_reduce", lambda question, passages: failed if passages == ("b",) else passages[0], asked)
    assert driven.answers == [failed]
    assert len(driven.requests) == 1


def test_without_passages_it_is_stuff(drive: Callable[..., Any], context: Make) -> None:
    driven = drive("map_reduce", lambda question, passages: "no idea", [("High?", context())])
    assert driven.requests == [[("High?", ())]]
    assert driven.texts == ["no idea"]
    assert drive("map_reduce", lambda question, passages: "", []).answers == []
