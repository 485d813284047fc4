"""Every format gives its text, normalised; every unreadable file gives one clear line."""

import io
import unicodedata
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.corpus.parsing import SUFFIXES, parse_file
from pipelines.errors import UserError


def _file(folder: Path, name: str, data: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def _pdf(paragraphs: list[str], password: str = "") -> bytes:
    from fpdf import FPDF

    pdf = FPDF()
    if password:
        pdf.set_encryption(owner_password="owner", user_password=password)
    pdf.add_page()
    pdf.set_font("Helvetica", size=11)
    for paragraph in paragraphs:
        pdf.multi_cell(0, 6, paragraph, new_x="LMARGIN", new_y="NEXT")
        pdf.ln(4)
    return bytes(pdf.output())


def _docx() -> bytes:
    import docx

    document = docx.Document()
    document.add_heading("Leave", level=1)
    document.add_paragraph("Thirty days a year.")
    document.add_paragraph("ask first", style="List Bullet")
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _xlsx() -> bytes:
    from openpyxl import Workbook

    workbook = Workbook()
    workbook.active.title = "Prices"
    workbook.active.append(["Product", "Price"])
    workbook.active.append(["Tarn 3", 540])
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def test_markdown_stays_as_it_is(tmp_path: Path) -> None:
    assert parse_file(_file(tmp_path, "a.md", "# Title\n\n* one\n* two\n")) == "# Title\n\n* one\n* two"


def test_plain_text_loses_byte_order_mark_nul_and_blanks_at_line_ends(tmp_path: Path) -> None:
    assert (
        parse_file(_file(tmp_path, "a.txt", b"\xef\xbb\xbfone \t\r\ntw\x00o\r\n\r\n\r\n\r\nthree"))
        == "one\ntwo\n\nthree"
    )


def test_text_is_composed_unicode(tmp_path: Path) -> None:
    assert parse_file(_file(tmp_path, "a.txt", "cafe\u0301")) == "caf\u00e9"


def test_html_becomes_markdown_without_scripts(tmp_path: Path) -> None:
    page = (
        "<html><head><title>t</title></head><body><script>x()</script><h1>Visitors</h1><p>A &amp; B</p></body></html>"
    )
    assert parse_file(_file(tmp_path, "a.html", page)) == "# Visitors\n\nA & B"


def test_html_leaves_no_script_style_or_comment(tmp_path: Path) -> None:
    page = (
        "<html><head><style>p {color: red}</style><script>stolen()</script></head><body onload='stolen()'>"
        "<style>a {}</style><p>Keep</p><script type='text/template'><b>stolen</b></script><!-- stolen -->"
        "<a href='javascript:stolen()'>go</a><SCRIPT>stolen()</SCRIPT><svg><script>stolen()</script></svg>"
        "<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table><script>stolen() never closed"
    )
    assert parse_file(_file(tmp_path, "a.html", page)) == "Keep\n\ngo\n\n| A | B |\n| --- | --- |\n| 1 | 2 |"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html", "a.csv"])
def test_text_is_read_as_utf8_or_as_utf16_with_a_byte_order_mark(tmp_path: Path, name: str, encoding: str) -> None:
    assert "Zoë 漢字 😀" in parse_file(_file(tmp_path, name, "Zoë 漢字 😀".encode(encoding)))


def test_utf16_of_either_byte_order(tmp_path: Path) -> None:
    assert parse_file(_file(tmp_path, "a.txt", b"\xff\xfe" + "año".encode("utf-16-le"))) == "año"
    assert parse_file(_file(tmp_path, "a.txt", b"\xfe\xff" + "año".encode("utf-16-be"))) == "año"


def test_control_characters_are_dropped_and_tabs_kept(tmp_path: Path) -> None:
    assert parse_file(_file(tmp_path, "a.txt", "a\x01\x1b[0mb\tc\x7fd\x0be")) == "a[0mb\tcd\ne"


def test_pptx_gives_titles_text_tables_and_notes(tmp_path: Path) -> None:
    pptx = pytest.importorskip("pptx")
    from pptx.util import Inches

    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "Prices"
    frame = slide.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1))
    for row, cells in enumerate([("Product", "Price"), ("Tarn 3", "540")]):
        for column, cell in enumerate(cells):
            frame.table.cell(row, column).text = cell
    slide.notes_slide.notes_text_frame.text = "Say it slowly."
    buffer = io.BytesIO()
    deck.save(buffer)
    text = parse_file(_file(tmp_path, "a.pptx", buffer.getvalue()))
    assert text.startswith("# Prices\n")
    assert "| Product | Price |\n| --- | --- |\n| Tarn 3 | 540 |" in text
    assert text.endswith("Say it slowly.")
    assert "Slide number" not in text
    for cut in (0, 4, 600):
        assert "not a readable PowerPoint" in _error(_file(tmp_path, "b.pptx", buffer.getvalue()[:cut]))
    assert "not a readable PowerPoint" in _error(_file(tmp_path, "c.pptx", _docx()))


@pytest.mark.skipif(find_spec("pptx") is not None, reason="python-pptx is installed")
def test_pptx_without_its_package_says_what_to_install(tmp_path: Path) -> None:
    assert "install markitdown[pptx]" in _error(_file(tmp_path, "a.pptx", "x"))


def test_pdf_gives_its_paragraphs(tmp_path: Path) -> None:
    assert parse_file(_file(tmp_path, "a.pdf", _pdf(["First.", "Second one."]))) == "First.\n\nSecond one."


def test_docx_gives_headings_and_lists(tmp_path: Path) -> None:
    assert parse_file(_file(tmp_path, "a.docx", _docx())) == "# Leave\n\nThirty days a year.\n\n* ask first"


def test_csv_becomes_a_table(tmp_path: Path) -> None:
    text = parse_file(_file(tmp_path, "a.csv", 'name,note\r\nBolt,"a, b"\r\n'))
    assert text == "| name | note |\n| --- | --- |\n| Bolt | a, b |"


def test_xlsx_gives_one_table_per_sheet(tmp_path: Path) -> None:
    text = parse_file(_file(tmp_path, "a.xlsx", _xlsx()))
    assert text == "## Prices\n| Product | Price |\n| --- | --- |\n| Tarn 3 | 540 |"


def test_suffix_is_matched_in_any_case(tmp_path: Path) -> None:
    assert parse_file(_file(tmp_path, "A.MD", "x")) == "x"


def test_the_suffixes_are_those_documented() -> None:
    assert SUFFIXES == (".csv", ".docx", ".htm", ".html", ".md", ".pdf", ".pptx", ".txt", ".xlsx")


def _error(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        parse_file(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message


def test_unsupported_suffix_lists_the_supported_ones(tmp_path: Path) -> None:
    message = _error(_file(tmp_path, "a.odt", "x"))
    assert "unsupported file type .odt" in message
    assert ".docx" in message


def test_missing_file_is_named(tmp_path: Path) -> None:
    assert "cannot be read (No such file or directory)" in _error(tmp_path / "none.md")


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html", "a.csv"])
def test_text_that_is_not_utf8_names_the_byte(tmp_path: Path, name: str) -> None:
    assert "not UTF-8 at byte 3" in _error(_file(tmp_path, name, b"abc\xff"))


def test_broken_utf16_names_the_byte(tmp_path: Path) -> None:
    assert "not UTF-16 at byte 4" in _error(_file(tmp_path, "a.txt", b"\xff\xfea\x00b"))


def test_windows_1252_is_refused(tmp_path: Path) -> None:
    assert "save the file as UTF-8" in _error(_file(tmp_path, "a.txt", "café au lait".encode("cp1252")))


def test_byte_offset_counts_the_byte_order_mark(tmp_path: Path) -> None:
    assert "not UTF-8 at byte 4" in _error(_file(tmp_path, "a.txt", b"\xef\xbb\xbfa\xff"))


def test_encrypted_pdf_says_so(tmp_path: Path) -> None:
    assert "encrypted" in _error(_file(tmp_path, "a.pdf", _pdf(["Secret."], password="word")))


@pytest.mark.parametrize("data", [b"hello", b"%PDF-1.7 nothing more", b""])
def test_damaged_pdf_says_so(tmp_path: Path, data: bytes) -> None:
    assert "not a readable PDF" in _error(_file(tmp_path, "a.pdf", data))


def test_cut_off_pdf_says_so(tmp_path: Path) -> None:
    assert "not a readable PDF" in _error(_file(tmp_path, "a.pdf", _pdf(["Text."])[:700]))


def test_pdf_without_text_points_to_text_recognition(tmp_path: Path) -> None:
    assert "OCR" in _error(_file(tmp_path, "a.pdf", _pdf([])))


@pytest.mark.parametrize(("name", "what"), [("a.docx", "Word document"), ("a.xlsx", "Excel workbook")])
@pytest.mark.parametrize("cut", [0, 4, 600])
def test_damaged_office_file_says_so(tmp_path: Path, name: str, what: str, cut: int) -> None:
    whole = _docx() if name == "a.docx" else _xlsx()
    assert f"not a readable {what}" in _error(_file(tmp_path, name, whole[:cut]))


def test_word_file_under_an_excel_name_says_so(tmp_path: Path) -> None:
    assert "not a readable Excel workbook" in _error(_file(tmp_path, "a.xlsx", _docx()))


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.csv", "a.html"])
def test_empty_text_says_so(tmp_path: Path, name: str) -> None:
    assert "holds no text" in _error(_file(tmp_path, name, " \r\n \x00 "))


@settings(deadline=None, max_examples=60)
@given(st.text())
def test_parsed_text_is_normal_and_parsing_it_again_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.mktemp("text")
    path = _file(folder, "a.txt", text.encode("utf-8", "ignore"))
    try:
        parsed = parse_file(path)
    except UserError:
        return
    assert unicodedata.is_normalized("NFC", parsed)
    assert "\r" not in parsed
    assert "\x00" not in parsed
    assert "\n\n\n" not in parsed
    assert all(line == line.rstrip() for line in parsed.split("\n"))
    path.write_text(parsed, encoding="utf-8")
    assert parse_file(path) == parsed
