"""Write documents in their format: Markdown, HTML, PDF, DOCX, CSV or XLSX. Dates inside the files are fixed."""

import csv
import html
import io
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cache
from itertools import groupby
from pathlib import Path

from pipelines.corpus.world.documents import Source
from pipelines.corpus.world.templates import Block

_DATE = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
_AUTHOR = "Ondervane Instruments"


def write(sources: Iterable[Source], folder: Path) -> None:
    """Write every document below ``folder`` at its path."""
    for source in sources:
        path = folder / source.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_WRITERS[path.suffix](source))


def markdown(blocks: Iterable[Block]) -> str:
    """Blocks as Markdown. Table rows have no place in it."""
    marks = {"title": "# ", "heading": "## ", "paragraph": "", "item": "- "}
    parts: list[str] = []
    for kind, group in groupby(blocks, key=lambda block: block.kind):
        lines = [marks[kind] + block.text for block in group]
        parts.append(("\n" if kind == "item" else "\n\n").join(lines))
    return "\n\n".join(parts) + "\n"


def _markdown(source: Source) -> bytes:
    return markdown(source.blocks).encode()


def _html(source: Source) -> bytes:
    tags = {"title": "h1", "heading": "h2", "paragraph": "p", "item": "li"}
    lines = ["<!DOCTYPE html>", '<html lang="en"><head><meta charset="utf-8">']
    lines.append(f"<title>{html.escape(source.title)}</title></head><body>")
    for kind, group in groupby(source.blocks, key=lambda block: block.kind):
        if kind == "row":
            rows = [_html_row(block.cells, "td" if index else "th") for index, block in enumerate(group)]
            lines += ["<table>", *rows, "</table>"]
            continue
        inner = [f"<{tags[kind]}>{html.escape(block.text, quote=False)}</{tags[kind]}>" for block in group]
        lines += ["<ul>", *inner, "</ul>"] if kind == "item" else inner
    return ("\n".join([*lines, "</body></html>"]) + "\n").encode()


def _html_row(cells: tuple[str, ...], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(cell, quote=False)}</{tag}>" for cell in cells) + "</tr>"


def _docx(source: Source) -> bytes:
    import docx

    document = docx.Document(io.BytesIO(_docx_template()))
    properties = document.core_properties
    properties.title, properties.author = source.title, _AUTHOR
    properties.created = properties.modified = _DATE.replace(tzinfo=None)
    styles = {"paragraph": None, "item": "List Bullet"}
    for kind, group in groupby(source.blocks, key=lambda block: block.kind):
        blocks = list(group)
        if kind == "row":
            _docx_table(document, [block.cells for block in blocks])
            continue
        for block in blocks:
            if kind in styles:
                document.add_paragraph(block.text, style=styles[kind])
            else:
                document.add_heading(block.text, level=1 if kind == "title" else 2)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


@cache
def _docx_template() -> bytes:
    """python-docx's template without the hundred styles that nothing here uses: a parser has to read them all, which
    took it nineteen twentieths of its time."""
    import docx

    document = docx.Document()
    keep = {"Normal", "Heading 1", "Heading 2", "List Bullet", "Default Paragraph Font", "Normal Table", "No List"}
    for style in list(document.styles):
        if style.name not in keep:
            style.delete()
    for relation in list(document.part.rels.values()):
        if relation.reltype.endswith("/stylesWithEffects"):
            del document.part.rels[relation.rId]
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _docx_table(document: "docx.document.Document", rows: list[tuple[str, ...]]) -> None:  # type: ignore[name-defined]  # noqa: F821
    from docx.oxml.ns import qn

    table = document.add_table(rows=0, cols=len(rows[0]))
    for row in rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    # The first row is marked as header, as Word does, so that parsers see column names.
    properties = table.rows[0]._tr.get_or_add_trPr()
    properties.append(properties.makeelement(qn("w:tblHeader")))


def _pdf(source: Source) -> bytes:
    from fpdf import FPDF

    # A5 booklet, so that a manual runs over several pages as on paper.
    pdf = FPDF(format=(148, 210))
    pdf.set_creation_date(_DATE)
    pdf.set_title(source.title)
    pdf.set_author(_AUTHOR)
    pdf.set_margin(16)
    pdf.add_page()
    for block in source.blocks:
        _pdf_block(pdf, block)
    return bytes(pdf.output())


def _pdf_block(pdf: "fpdf.FPDF", block: Block) -> None:  # type: ignore[name-defined]  # noqa: F821
    style, size, height, after = {
        "title": ("B", 15, 8, 4),
        "heading": ("B", 12, 7, 2),
        "row": ("", 10, 5, 2),
    }.get(block.kind, ("", 10, 5, 3))
    text = {"item": f"- {block.text}", "row": ": ".join(block.cells)}.get(block.kind, block.text)
    pdf.set_font("Helvetica", style, size)
    if pdf.get_y() + height * (1 + pdf.get_string_width(text) / pdf.epw) > pdf.page_break_trigger:
        pdf.add_page()  # a paragraph stays on one page, so that no sentence is torn apart
    pdf.multi_cell(0, height, text, align="L", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(after)


def _csv(source: Source) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerows(source.rows)
    return buffer.getvalue().encode()


def _xlsx(source: Source) -> bytes:
    from openpyxl import Workbook

    workbook = Workbook()
    workbook.properties.creator = _AUTHOR
    workbook.properties.created = _DATE.replace(tzinfo=None)
    sheet = workbook.active
    sheet.title = source.sheet
    for row in source.rows:
        sheet.append([int(cell) if cell.isdigit() else cell for cell in row])
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


_WRITERS: dict[str, Callable[[Source], bytes]] = {
    ".csv": _csv,
    ".docx": _docx,
    ".html": _html,
    ".md": _markdown,
    ".pdf": _pdf,
    ".xlsx": _xlsx,
}
