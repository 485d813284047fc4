"""The share of an answer's content words that a text holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.generation.answering.support import content_words, support

TEXT = "The tower, built by A. Berg in 1954, is 96 m high; its 2 lifts cost EUR 1,200,500."


@pytest.mark.parametrize(
    ("answer", "share"),
    [
        ("96 m", 1.0),
        ("It is 96 m high.", 1.0),
        ("97 m", 1 / 2),
        ("Berg, 1955, in Oslo", 1 / 3),
        ("a LIFT", 1.0),
        ("1200500", 1.0),
        ("EUR 1,200", 1 / 2),
        ("Paris", 0.0),
        ("the", None),
        ("...", None),
        ("", None),
    ],
)
def test_share_of_content_words(answer: str, share: float | None) -> None:
    assert support(answer, TEXT) == share


def test_chinese_is_read_by_character() -> None:
    assert support("北京", "总部设在北京。") == 1.0
    assert support("上海", "总部设在北京。") == 0.0


@given(st.text(), st.text())
def test_a_text_holds_itself_and_more_text_never_holds_less(answer: str, text: str) -> None:
    assert support(answer, answer) == (1.0 if content_words(answer) else None)
    less, more = support(answer, text), support(answer, f"{text}\n{answer}")
    assert (less is None) == (more is None)
    assert less is None or more is None or 0.0 <= less <= more == 1.0
