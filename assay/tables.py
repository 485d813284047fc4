"""Tables of text, the heading first: for the terminal and as Markdown."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

Cells = Sequence[Sequence[str]]


def markdown_table(cells: Cells) -> str:
    """The cells as a Markdown table, without a line break at its end."""
    heading, *rows = cells
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def terminal_table(cells: Cells, title: str | None = None, caption: str | None = None) -> Table:
    """The cells for a terminal; markup in them is text."""
    heading, *rows = cells
    table = Table(title=title, caption=caption)
    for name in heading:
        table.add_column(Text(name), overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table
