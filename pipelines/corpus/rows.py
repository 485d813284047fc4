"""Rows of JSON Lines, CSV and JSON files with their line numbers. What cannot be read becomes a problem."""

import codecs
import csv
import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from pipelines.corpus.validation import Place, Problem, did_you_mean


def exists(path: Path, setting: str, problems: list[Problem], *, folder: bool = False) -> bool:
    """Whether the file (or ``folder``) is there; if not, a problem that names the ``setting`` of the experiment."""
    if path.is_dir() if folder else path.is_file():
        return True
    what = "folder" if folder else "file"
    problems.append(Problem(str(path), None, setting, f"no such {what}"))
    return False


def read_lines(path: Path, problems: list[Problem]) -> list[tuple[int, str]]:
    """The lines of a UTF-8 file, numbered from 1, without line ends. One that is not UTF-8 is a problem and left out.

    Only LF and CRLF end a line: JSON strings may hold U+2028 and its like, which ``str.splitlines`` would cut.
    """
    whole = path.read_bytes()
    data = whole.removeprefix(codecs.BOM_UTF8)
    offset = len(whole) - len(data)
    lines: list[tuple[int, str]] = []
    for number, raw in enumerate(data.removesuffix(b"\n").split(b"\n"), start=1):
        try:
            lines.append((number, raw.decode("utf-8").removesuffix("\r")))
        except UnicodeDecodeError as error:
            byte = offset + error.start
            message = f"not UTF-8 at byte {byte} (0x{raw[error.start]:02x}); save the file as UTF-8"
            problems.append(Problem(str(path), number, "", message))
        offset += len(raw) + 1
    return lines


def read_jsonl(path: Path, problems: list[Problem]) -> Iterator[tuple[Place, dict[str, Any]]]:
    """The objects of a JSON Lines file; blank lines are skipped."""
    for number, line in read_lines(path, problems):
        if not line.strip():
            continue
        place = Place(str(path), number)
        try:
            row = _parsed(line)
        except json.JSONDecodeError as error:
            problems.append(Problem(*place, "", f"invalid JSON at column {error.colno}: {error.msg}"))
            continue
        if isinstance(row, dict):
            yield place, row
        else:
            problems.append(Problem(*place, "", f"must be a JSON object, not {type(row).__name__}"))


def read_csv(
    path: Path, columns: Collection[str], required: Collection[str], problems: list[Problem]
) -> Iterator[tuple[Place, dict[str, str]]]:
    """The rows of a comma-separated file with a header. Empty cells are left out, so an empty one is a missing one.

    Unknown columns and missing ``required`` ones are problems of the header, and then no row is returned.
    """
    before = len(problems)
    lines = read_lines(path, problems)
    if len(problems) > before:  # a left-out line would shift what a quoted cell spans
        return
    first = 1
    reader = csv.reader([f"{line}\n" for _, line in lines], strict=True)
    try:
        header = next(reader, [])
        unknown = [name for name in header if name not in columns]
        missing = [name for name in required if name not in header]
        hints = [did_you_mean(name, [column for column in columns if column not in header]) for name in unknown]
        for name, hint in zip(unknown, hints, strict=True):
            problems.append(Problem(str(path), 1, name, f"unknown column{hint}"))
        for name in missing:
            if f"; did you mean {name!r}?" in hints:  # said already
                continue
            problems.append(Problem(str(path), 1, name, "missing column"))
        if unknown or missing:
            return
        first = reader.line_num + 1
        for cells in reader:
            place, first = Place(str(path), first), reader.line_num + 1
            if len(cells) > len(header):
                message = f"{len(cells)} cells under {len(header)} columns; quote a cell that holds a comma"
                problems.append(Problem(*place, "", message))
            elif any(cell.strip() for cell in cells):
                yield place, {name: cell for name, cell in zip(header, cells, strict=False) if cell.strip()}
    except csv.Error as error:
        problems.append(Problem(str(path), first, "", f"invalid CSV in the row that starts here: {error}"))


def read_json(path: Path, problems: list[Problem]) -> Any:
    """The value of a JSON file, or None where it cannot be read."""
    before = len(problems)
    lines = read_lines(path, problems)
    if len(problems) > before:
        return None
    try:
        return _parsed("\n".join(line for _, line in lines))
    except json.JSONDecodeError as error:
        problems.append(Problem(str(path), error.lineno, "", f"invalid JSON at column {error.colno}: {error.msg}"))
        return None


def _parsed(text: str) -> Any:
    """JSON allows half a surrogate pair, such as ``"\\ud800"``, which no encoding can write again."""
    value = json.loads(text)
    if "\\ud" in text or "\\uD" in text:
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            half = f"\\u{ord(error.object[error.start]):04x}"
            position = max(text.lower().find(half), 0)
            raise json.JSONDecodeError(f"{half} is half a surrogate pair and no character", text, position) from error
    return value
