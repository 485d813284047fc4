"""Passages are found where they stand, and only there."""

import pytest

from pipelines.corpus.passages import GoldUnit, find_answer, locate, supporting_span
from pipelines.records import Document

TEXT = "The U.S. Army built it in 1904. It holds 4,000 crates! Ask Mr. J. Smith.\n\nA table | 4\nwith rows | 24"


@pytest.mark.parametrize(
    ("answer", "start"),
    [("1904", 26), ("4", 84), ("4,000", 41), ("24", 98), ("u.s. army", 4), ("crate", None), ("", None), ("000", None)],
)
def test_answer_is_found_as_whole_words(answer: str, start: int | None) -> None:
    assert find_answer(answer, TEXT) == start


def test_number_before_a_full_stop_is_found() -> None:
    assert find_answer("1904", "Built in 1904. Closed.") == 9


@pytest.mark.parametrize(
    ("unit", "answers", "passage"),
    [
        ("sentence", ["1904"], "The U.S. Army built it in 1904."),
        ("sentence", ["4,000"], "It holds 4,000 crates!"),
        ("sentence", ["absent", "1904"], "The U.S. Army built it in 1904."),
        ("sentence", ["24"], "A table | 4\nwith rows | 24"),
        ("paragraph", ["4,000"], TEXT[:72]),
        ("paragraph", ["24"], "A table | 4\nwith rows | 24"),
        ("paragraph", ["absent"], TEXT),
        ("document", ["1904"], TEXT),
    ],
)
def test_supporting_span(unit: GoldUnit, answers: list[str], passage: str) -> None:
    span = supporting_span(Document("d", TEXT), answers, unit)
    assert TEXT[span.start : span.end] == passage


def test_locate_bridges_line_breaks() -> None:
    assert locate("built it in", "Who built\n  it in 1904?") == (4, 17)


def test_locate_composes_accents_as_parsing_does() -> None:
    assert locate("cafe\u0301", "the caf\u00e9") == (4, 8)


def test_locate_gives_none_for_what_is_not_there() -> None:
    assert locate("demolished", TEXT) is None
    assert locate(" ", TEXT) is None
