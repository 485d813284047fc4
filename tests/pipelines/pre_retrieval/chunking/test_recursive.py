import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.pre_retrieval.chunking import chunkers
from pipelines.records import Chunk, Document

PROSE = st.text(st.sampled_from("ab .!?\n\n\t|üß漢"), max_size=400)


def cut(text: str, *, title: str = "", **settings_: object) -> list[Chunk]:
    config = chunkers.parse({"kind": "recursive", **settings_})
    return chunkers.build(config)([Document("d", text, title)])


@settings(deadline=None, max_examples=150)
@given(PROSE, st.integers(20, 60), st.integers(0, 19))
def test_offsets_are_exact(text: str, size: int, overlap: int) -> None:
    for chunk in cut(text, size=size, overlap=overlap):
        assert text[chunk.start : chunk.end] == chunk.text
        assert chunk.text == chunk.text.strip() != ""


@settings(deadline=None, max_examples=150)
@given(PROSE, st.integers(20, 60))
def test_without_overlap_every_word_is_in_one_chunk(text: str, size: int) -> None:
    chunks = cut(text, size=size)
    assert [chunk.start for chunk in chunks] == sorted(chunk.start for chunk in chunks)
    assert all(one.end <= other.start for one, other in pairwise(chunks))
    covered = {place for chunk in chunks for place in range(chunk.start, chunk.end)}
    assert all(text[place].isspace() for place in set(range(len(text))) - covered)


@settings(deadline=None, max_examples=100)
@given(st.text(st.sampled_from("ab .\n"), max_size=400), st.integers(20, 60))
def test_no_chunk_is_longer_than_size(text: str, size: int) -> None:
    assert all(len(chunk.text) <= size for chunk in cut(text, size=size))


def test_overlap_repeats_the_end_of_the_chunk_before() -> None:
    one, other = cut("one two three four five six", size=20, overlap=10)
    assert one.text == "one two three four"
    assert other.text == "four five six"
    assert other.start == 14


def test_cuts_at_paragraphs_before_lines_before_sentences() -> None:
    text = "First sentence. Second one.\nA line.\n\nAnother paragraph. It ends."
    assert [chunk.text for chunk in cut(text, size=40)] == [
        "First sentence. Second one.\nA line.",
        "Another paragraph. It ends.",
    ]
    assert [chunk.text for chunk in cut(text, size=28)] == [
        "First sentence. Second one.",
        "A line.",
        "Another paragraph. It ends.",
    ]
    assert [chunk.text for chunk in cut("First sentence. Second one.", size=20)] == ["First sentence.", "Second one."]


def test_ids_are_document_and_ordinal() -> None:
    assert [chunk.id for chunk in cut("aa bb cc " * 10, size=30)] == ["d#0", "d#1", "d#2"]


def test_the_text_is_what_is_indexed() -> None:
    (chunk,) = cut("Some text.", title="A title")
    assert (chunk.text, chunk.indexed) == ("Some text.", "Some text.")


def test_cuts_after_sentences_of_scripts_without_blanks() -> None:
    sentence = "这个泵是红色的它的重量是十二公斤。"
    assert [chunk.text for chunk in cut(sentence * 3, size=20)] == [sentence] * 3


@pytest.mark.parametrize("text", ["", " \n\n "])
def test_a_document_without_text_gives_no_chunk(text: str) -> None:
    assert cut(text, title="A title") == []


TABLE = "# Prices\n\n| Item | Price | Remark |\n|---|---|---|\n" + "".join(
    f"| Pump {n} | {n * 10} EUR | Delivered in {n} weeks. Needs a seal. |\n" for n in range(30)
)


@pytest.mark.parametrize("size", [60, 100, 400])
def test_rows_of_a_table_stay_whole(size: int) -> None:
    rows = set(re.findall(r"^\|.*\|$", TABLE, re.MULTILINE))
    lines = [line for chunk in cut(TABLE, size=size) for line in chunk.text.split("\n") if "|" in line]
    assert len(lines) == len(rows)
    assert set(lines) == rows


def test_a_row_longer_than_size_stays_whole_and_alone() -> None:
    row = "| " + "many words. " * 20 + "|"
    assert [chunk.text for chunk in cut(f"Before it.\n{row}\nAfter it.", size=50)] == ["Before it.", row, "After it."]


def test_rows_stay_whole_under_overlap() -> None:
    row = "| " + "many words. " * 20 + "|"
    assert row in [chunk.text for chunk in cut(f"Before it.\n{row}\nAfter it.", size=50, overlap=20)]


def test_overlap_must_be_smaller_than_size() -> None:
    with pytest.raises(ValidationError, match="smaller than size"):
        chunkers.parse({"kind": "recursive", "size": 100, "overlap": 100})
