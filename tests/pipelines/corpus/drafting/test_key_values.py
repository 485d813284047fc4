"""Lines of the form ``key: value``."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.corpus.drafting.key_values import key_values


def test_lines_below_headings_with_their_places() -> None:
    text = "# Kestrel\n\n- **Weight:** 12 kg\nOwner: Ida Brandt\n\n## Service\n\n* Interval : every 6 months\n"
    found = list(key_values(text))
    assert [(one.key, one.value, one.section) for one in found] == [
        ("Weight", "12 kg", ""),
        ("Owner", "Ida Brandt", ""),
        ("Interval", "every 6 months", "Service"),
    ]
    assert [text[one.start : one.end] for one in found] == [
        "- **Weight:** 12 kg",
        "Owner: Ida Brandt",
        "* Interval : every 6 months",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "Note: the pump was moved on Monday.",
        "There is one thing that everybody forgets: the valve",
        "Source: one two three four five six seven eight nine",
        "14:10 started by hand",
        "https://example.org",
        "Steps:",
        "| Weight: | 12 kg |",
    ],
)
def test_prose_and_times_are_no_facts(line: str) -> None:
    assert list(key_values(line)) == []


def test_a_first_line_that_stands_alone_is_a_title() -> None:
    assert [one.key for one in key_values("Kestrel: manual\n\nWeight: 12 kg\n")] == ["Weight"]
    assert [one.key for one in key_values("Weight: 12 kg\nOwner: Ida\n")] == ["Weight", "Owner"]


@given(st.text(max_size=200))
def test_places_are_whole_lines_of_any_text(text: str) -> None:
    for one in key_values(text):
        assert text[one.start : one.end].strip() == text[one.start : one.end]
        assert one.key in text[one.start : one.end]
        assert "\n" not in text[one.start : one.end]
