"""From a file to plain text: one parser per format, thin over markitdown's converter classes.

The converters are used directly: the ``MarkItDown`` front end first loads a model that guesses the file type, and the
suffix already says it. PDF goes to pdfminer, which markitdown itself uses for prose pages: markitdown's own PDF
converter reads every page twice to look for forms, at four times the time (0.31 s against 0.08 s for two pages).
Text is normalised, so offsets into it are stable: Unicode NFC, ``\\n`` line ends, no control characters but tab and
line end, no blanks at line ends, never more than one empty line in a row. Lines of a PDF paragraph stay as they are
broken on the page.
"""

import codecs
import io
import re
import struct
import unicodedata
import zlib
from collections.abc import Callable
from pathlib import Path
from zipfile import BadZipFile

from pipelines.errors import UserError

# What the readers raise on a damaged zip member, a missing part, malformed XML (SyntaxError covers lxml and expat).
_DAMAGED_OFFICE_FILE = (BadZipFile, KeyError, ValueError, TypeError, AttributeError, SyntaxError, EOFError, OSError)
# What pdfminer lets through beside its own exceptions when objects of a PDF are broken.
_DAMAGED_PDF = (ValueError, TypeError, LookupError, AttributeError, AssertionError, struct.error, zlib.error)

_CONTROL = {code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}
_SLIDE_NUMBER = re.compile(r"<!-- Slide number: \d+ -->\n?")


def parse_file(path: Path) -> str:
    """The text of one file, Markdown where the format has structure. The same bytes always give the same text.

    Raises ``UserError``, in one line with the path, on an unsupported suffix, a file that cannot be read, bytes that
    are neither UTF-8 nor, behind a byte-order mark, UTF-16 in a text format, a damaged or encrypted file, and a file
    without text.
    """
    parser = _PARSERS.get(path.suffix.lower())
    if parser is None:
        raise UserError(
            f"{path}: unsupported file type {path.suffix or '(no suffix)'}; use one of {', '.join(SUFFIXES)}"
        )
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    text = _normalised(parser(data, path))
    if not any(character.isalnum() for character in text):  # the rules of an empty table are no text
        hint = "; a scanned PDF needs text recognition (OCR) first" if path.suffix.lower() == ".pdf" else ""
        raise UserError(f"{path}: holds no text{hint}")
    return text


def _normalised(text: str) -> str:
    text = text.replace("\ufeff", "").replace("\u00a0", " ").replace("\f", "\n\n").replace("\v", "\n")
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x85", "\n").translate(_CONTROL)
    text = unicodedata.normalize("NFC", text)
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _decoded(data: bytes, path: Path) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise UserError(f"{path}: not UTF-16 at byte {error.start}; save the file as UTF-8") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # ``utf-8-sig`` counts from behind the byte-order mark.
        offset = error.start + (3 if data.startswith(b"\xef\xbb\xbf") else 0)
        raise UserError(f"{path}: not UTF-8 at byte {offset}; save the file as UTF-8") from error


def _html(data: bytes, path: Path) -> str:
    from markitdown.converters import HtmlConverter

    return str(HtmlConverter().convert_string(_decoded(data, path)).markdown)


def _csv(data: bytes, path: Path) -> str:
    from markitdown import StreamInfo
    from markitdown.converters import CsvConverter

    content = _decoded(data, path).encode()
    return str(CsvConverter().convert(io.BytesIO(content), StreamInfo(charset="utf-8", extension=".csv")).markdown)


def _docx(data: bytes, path: Path) -> str:
    from markitdown import StreamInfo
    from markitdown.converters import DocxConverter

    try:
        return str(DocxConverter().convert(io.BytesIO(data), StreamInfo(extension=".docx")).markdown)
    except _DAMAGED_OFFICE_FILE as error:
        raise UserError(_damaged(path, "Word document")) from error


def _xlsx(data: bytes, path: Path) -> str:
    from markitdown import StreamInfo
    from markitdown.converters import XlsxConverter

    try:
        return str(XlsxConverter().convert(io.BytesIO(data), StreamInfo(extension=".xlsx")).markdown)
    except _DAMAGED_OFFICE_FILE as error:
        raise UserError(_damaged(path, "Excel workbook")) from error


def _pptx(data: bytes, path: Path) -> str:
    from markitdown import MissingDependencyException, StreamInfo
    from markitdown.converters import PptxConverter

    try:
        slides = PptxConverter().convert(io.BytesIO(data), StreamInfo(extension=".pptx")).markdown
    except MissingDependencyException as error:
        raise UserError(f"{path}: PowerPoint files need the package python-pptx; install markitdown[pptx]") from error
    except _DAMAGED_OFFICE_FILE as error:
        raise UserError(_damaged(path, "PowerPoint presentation")) from error
    return _SLIDE_NUMBER.sub("", str(slides))


def _damaged(path: Path, what: str) -> str:
    return f"{path}: not a readable {what} (damaged or encrypted); open it, remove any password and save it again"


def _pdf(data: bytes, path: Path) -> str:
    from pdfminer.high_level import extract_text
    from pdfminer.pdfdocument import PDFEncryptionError
    from pdfminer.pdfexceptions import PDFException
    from pdfminer.psexceptions import PSException

    try:
        return str(extract_text(io.BytesIO(data)))
    except PDFEncryptionError as error:
        raise UserError(f"{path}: the PDF is encrypted; remove its password and save it again") from error
    except (PDFException, PSException, *_DAMAGED_PDF) as error:
        raise UserError(f"{path}: not a readable PDF (damaged); open it and save or print it as PDF again") from error


_PARSERS: dict[str, Callable[[bytes, Path], str]] = {
    ".csv": _csv,
    ".docx": _docx,
    ".htm": _html,
    ".html": _html,
    ".md": _decoded,
    ".pdf": _pdf,
    ".pptx": _pptx,
    ".txt": _decoded,
    ".xlsx": _xlsx,
}
SUFFIXES: tuple[str, ...] = tuple(_PARSERS)
"""The suffixes ``parse_file`` reads, lower case with the dot."""
