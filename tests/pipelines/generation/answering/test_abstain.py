"""Answers withdrawn where the passages do not hold them, driven by hand."""

from collections.abc import Callable
from typing import Any

import pytest

from pipelines.records import Answer, Context

Make = Callable[..., Context]
TEXTS = ("The north tower is 96 m high.", "It was built by Berg.")


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("96 m", "96 m"),
        ("Berg, 96 m", "Berg, 96 m"),
        ("97 m", "97 m"),
        ("97 km", "unknown"),
        ("Anna Berg Olsen", "unknown"),
        ("Yes, since 2001", "Yes, since 2001"),
        ("no", "no"),
        ("Norway", "unknown"),
        ("unknown", "unknown"),
        ("", ""),
    ],
)
def test_an_answer_needs_half_of_its_words_in_the_passages(
    written: str, text: str, drive: Callable[..., Any], context: Make
) -> None:
    driven = drive("abstain", lambda question, passages: Answer(written, 7, 3, 0.5), [("What?", context(*TEXTS))])
    assert driven.answers == [Answer(text, 7, 3, 0.5)]
    assert driven.requests == [[("What?", TEXTS)]]


def test_share_and_exemptions_are_settings(drive: Callable[..., Any], context: Make) -> None:
    config = {"kind": "abstain", "support": 1.0, "exempt": ["maybe"]}
    said = {"High?": "97 m", "Sure?": "Maybe.", "Yes?": "yes"}
    asked = [(question, context(*TEXTS)) for question in said]
    driven = drive(config, lambda question, passages: said[question], asked)
    assert driven.texts == ["unknown", "Maybe.", "unknown"]


def test_without_passages_or_with_a_failure_the_answer_stands(drive: Callable[..., Any], context: Make) -> None:
    failed = Answer("partly", 1, 0, error="down")
    asked = [("High?", context()), ("Red?", context(*TEXTS))]
    driven = drive("abstain", lambda question, passages: failed if passages else "1 km", asked)
    assert driven.answers == [Answer("1 km", 1, 1), failed]
    assert len(driven.requests) == 1
