"""Lines that a language model wrote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.pre_retrieval.query.lists import lines, words


@pytest.mark.parametrize(
    "written",
    [
        "How high is it?\nWho built it?",
        "1. How high is it?\n2. Who built it?",
        "1) How high is it?\n\n(2) Who built it?",
        "- How high is it?\n* Who built it?",
        '  1. "How high is it?"\n 2. - “Who built it?”  ',
        "How high is it?\nhow high is it\nWho built it?\nWHO BUILT IT??",
        "Here are two:\n1. How high is it?\n2.\n3. ...\n4. 96\n5. **Who built it?**",
    ],
)
def test_numbers_bullets_quotes_and_repetitions_go(written: str) -> None:
    assert lines(written, most=5, longest=100) == ("How high is it?", "Who built it?")


@pytest.mark.parametrize("line", ["3.5 mm jack?", "1954 or later?", "24/7 support?", "C++ or Rust?", "-5 degrees?"])
def test_a_number_that_belongs_to_the_text_stays(line: str) -> None:
    assert lines(f"1. {line}", most=1, longest=100) == (line,)


def test_takes_the_first_ones_and_none_that_is_too_long() -> None:
    assert lines("a\nbbbb\nc\nd", most=2, longest=3) == ("a", "c")


def test_nothing_written_gives_nothing() -> None:
    assert lines(" \n\n 1.\n", most=3, longest=100) == ()


@given(st.text(), st.integers(1, 5), st.integers(1, 40))
def test_lines_are_few_short_distinct_and_bare(text: str, most: int, longest: int) -> None:
    found = lines(text, most, longest)
    assert len(found) <= most
    assert all(len(line) <= longest and line == line.strip() and any(map(str.isalpha, line)) for line in found)
    assert len({words(line) for line in found}) == len(found)
    assert lines("\n".join(found), most, longest) == found


@given(st.lists(st.from_regex(r"[A-Z][a-z]{2,9} [a-z]{1,9}\?", fullmatch=True), unique_by=str.casefold, max_size=6))
def test_a_numbered_list_is_read_back(texts: list[str]) -> None:
    written = "\n".join(f'{number}. "{text}"' for number, text in enumerate(texts, start=1))
    assert lines(written, most=6, longest=100) == tuple(texts)
