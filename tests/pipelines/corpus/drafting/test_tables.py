"""Rows of Markdown tables, with their places in the text."""

from hypothesis import given
from hypothesis import strategies as st

from pipelines.corpus.drafting.tables import rows

TEXT = """Prices below.

| Pump | Weight | Price |
| --- | ---: | --- |
| Kestrel | 12 kg | EUR 200 |
| Orison | 14 kg |
| Sable \\| S | 9 kg | EUR 90 |

| no | header |
| of | dashes |

Name | not a table
  | A | B |
  |---|:--|
  | x | y |
"""


def test_rows_have_their_header_and_stand_where_they_say() -> None:
    found = list(rows(TEXT))
    assert [(row.header, row.cells) for row in found] == [
        (("Pump", "Weight", "Price"), ("Kestrel", "12 kg", "EUR 200")),
        (("Pump", "Weight", "Price"), ("Sable \\| S", "9 kg", "EUR 90")),
        (("A", "B"), ("x", "y")),
    ]
    assert [TEXT[row.start : row.end] for row in found] == [
        "| Kestrel | 12 kg | EUR 200 |",
        "| Sable \\| S | 9 kg | EUR 90 |",
        "| x | y |",
    ]


def test_a_table_ends_with_its_lines() -> None:
    assert list(rows("| A | B |\n| --- | --- |\n\n| x | y |\n")) == []


CELL = st.text(st.characters(categories=("Lu", "Ll", "Nd"), include_characters=" "), min_size=1, max_size=8)


@given(st.integers(2, 4).flatmap(lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1)))
def test_every_row_written_is_read(table: list[list[str]]) -> None:
    lines = ["| " + " | ".join(cells) + " |" for cells in table]
    text = "\n".join([lines[0], "| --- " * len(table[0]) + "|", *lines[1:]])
    assert [list(row.cells) for row in rows(text)] == [[cell.strip() for cell in cells] for cells in table[1:]]
    assert [text[row.start : row.end] for row in rows(text)] == lines[1:]
