"""The tree of answers, driven by hand."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.generation.answering import strategies
from pipelines.generation.answering.tree_summarise import _groups
from pipelines.records import Answer, Chunk, Context

Make = Callable[..., Context]


def test_levels_of_groups_until_one_is_left(drive: Callable[..., Any], context: Make) -> None:
    asked = [("High?", context(*"abcde")), ("Red?", context("f", "g"))]
    driven = drive(
        {"kind": "tree_summarise", "fan_in": 2},
        lambda question, passages: "+".join(text.removeprefix("High? ") for text in passages),
        asked,
    )
    assert driven.requests == [
        [("High?", ("a", "b")), ("High?", ("c", "d")), ("High?", ("e",)), ("Red?", ("f", "g"))],
        [("High?", ("High? a+b", "High? c+d")), ("High?", ("High? e",))],
        [("High?", ("High? a+b+c+d", "High? e"))],
    ]
    assert driven.texts == ["a+b+c+d+e", "f+g"]


def test_refusals_are_dropped_and_agreement_ends_it(drive: Callable[..., Any], context: Make) -> None:
    said = {("a", "b"): "unknown", ("c", "d"): "96 m", ("e", "f"): "", ("g", "h"): "x", ("i", "j"): "y"}
    said |= {("k", "l"): "", ("m",): "unknown"}
    asked = [("High?", context(*"abcdef")), ("Two?", context(*"ghij")), ("None?", context(*"klm"))]
    driven = drive({"kind": "tree_summarise", "fan_in": 2}, lambda question, read: said.get(read, "z"), asked)
    assert driven.texts == ["96 m", "z", ""]
    assert driven.requests[1:] == [[("Two?", ("Two? x", "Two? y"))]]


def test_a_failed_part_fails_its_question(drive: Callable[..., Any], context: Make) -> None:
    failed = Answer("", 1, 0, error="down")
    config = {"kind": "tree_summarise", "fan_in": 2}
    driven = drive(config, lambda question, read: failed if "a" in read else "x", [("High?", context(*"abc"))])
    assert driven.answers == [failed]


def test_without_passages_it_is_stuff(drive: Callable[..., Any], context: Make) -> None:
    driven = drive("tree_summarise", lambda question, passages: "no idea", [("High?", context())])
    assert driven.requests == [[("High?", ())]]
    assert driven.texts == ["no idea"]
    assert drive("tree_summarise", lambda question, passages: "", []).answers == []


def test_groups_of_one_are_refused() -> None:
    with pytest.raises(ValidationError, match="fan_in"):
        strategies.parse({"kind": "tree_summarise", "fan_in": 1})


@given(st.integers(1, 40), st.integers(2, 7))
def test_groups_hold_every_passage_once_in_order_and_are_as_few_as_can_be(count: int, fan_in: int) -> None:
    chunks = tuple(Chunk(str(n), "d", 0, 0, "", "") for n in range(count))
    groups = _groups(chunks, fan_in)
    assert tuple(chunk for group in groups for chunk in group) == chunks
    sizes = [len(group) for group in groups]
    assert max(sizes) <= fan_in
    assert max(sizes) - min(sizes) <= 1
    assert (len(groups) - 1) * fan_in < count
