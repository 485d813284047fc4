"""Rows keep their line numbers, and what cannot be read is one clear problem."""

from pathlib import Path

from pipelines.corpus.rows import read_csv, read_json, read_jsonl, read_lines
from pipelines.corpus.validation import Problem


def _write(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_jsonl_rows_carry_their_line_and_blank_lines_are_skipped(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.jsonl", '{"a": 1}\r\n\n{"a": 2}\n')
    problems: list[Problem] = []
    assert [(place.line, row) for place, row in read_jsonl(path, problems)] == [(1, {"a": 1}), (3, {"a": 2})]
    assert problems == []


def test_jsonl_does_not_break_at_unicode_line_separators(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.jsonl", '{"a": "x\u2028y"}\n')
    assert [row for _, row in read_jsonl(path, [])] == [{"a": "x\u2028y"}]


def test_byte_order_mark_is_dropped(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", b"\xef\xbb\xbfquestion\nq\n")
    problems: list[Problem] = []
    assert [row for _, row in read_csv(path, ["question"], ["question"], problems)] == [{"question": "q"}]
    assert problems == []


def test_every_invalid_json_line_is_named_with_its_column(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.jsonl", '{"a": }\n{"a": 1}\n[1]\n{"a"\n')
    problems: list[Problem] = []
    assert [row for _, row in read_jsonl(path, problems)] == [{"a": 1}]
    assert [str(problem) for problem in problems] == [
        f"{path}:1: invalid JSON at column 7: Expecting value",
        f"{path}:3: must be a JSON object, not list",
        f"{path}:4: invalid JSON at column 5: Expecting ':' delimiter",
    ]


def test_bytes_that_are_not_utf8_are_named_with_offset_and_line(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.jsonl", b'{"a": "ok"}\n{"a": "caf\xe9"}\n')
    problems: list[Problem] = []
    assert read_lines(path, problems) == [(1, '{"a": "ok"}')]
    assert str(problems[0]) == f"{path}:2: not UTF-8 at byte 22 (0xe9); save the file as UTF-8"


def test_offset_counts_from_the_start_of_the_file_behind_a_byte_order_mark(tmp_path: Path) -> None:
    problems: list[Problem] = []
    read_lines(_write(tmp_path / "a.txt", b"\xef\xbb\xbfa\xff"), problems)
    assert problems[0].message.startswith("not UTF-8 at byte 4 (0xff)")


def test_csv_row_is_placed_at_its_first_line_when_a_cell_spans_lines(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", 'q,a\n"one\ntwo",x\nthree,\n')
    rows = [(place.line, row) for place, row in read_csv(path, ["q", "a"], ["q"], [])]
    assert rows == [(2, {"q": "one\ntwo", "a": "x"}), (4, {"q": "three"})]


def test_csv_header_problems_are_all_named_with_a_suggestion(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", "anwser,note\nx,y\n")
    problems: list[Problem] = []
    assert list(read_csv(path, ["question", "answer"], ["question"], problems)) == []
    assert [str(problem) for problem in problems] == [
        f"{path}:1: anwser: unknown column; did you mean 'answer'?",
        f"{path}:1: note: unknown column",
        f"{path}:1: question: missing column",
    ]


def test_csv_row_with_too_many_cells_is_named(tmp_path: Path) -> None:
    problems: list[Problem] = []
    path = _write(tmp_path / "a.csv", "q,a\nwhat, where,here\n")
    assert list(read_csv(path, ["q", "a"], ["q"], problems)) == []
    assert str(problems[0]) == f"{path}:2: 3 cells under 2 columns; quote a cell that holds a comma"


def test_csv_with_an_unclosed_quote_is_named(tmp_path: Path) -> None:
    problems: list[Problem] = []
    path = _write(tmp_path / "a.csv", 'q\n"open\n')
    assert list(read_csv(path, ["q"], ["q"], problems)) == []
    assert str(problems[0]) == f"{path}:2: invalid CSV in the row that starts here: unexpected end of data"


def test_half_a_surrogate_pair_is_a_problem_and_a_whole_one_a_character(tmp_path: Path) -> None:
    problems: list[Problem] = []
    path = _write(tmp_path / "a.jsonl", '{"a": "\\ud83d\\ude00"}\n{"a": "\\ud800"}\n')
    assert [row for _, row in read_jsonl(path, problems)] == [{"a": "\U0001f600"}]
    message = "invalid JSON at column 8: \\ud800 is half a surrogate pair and no character"
    assert str(problems[0]) == f"{path}:2: {message}"


def test_invalid_json_file_is_named_with_line_and_column(tmp_path: Path) -> None:
    problems: list[Problem] = []
    path = _write(tmp_path / "a.json", '{"data": [\n1,\n]}')
    assert read_json(path, problems) is None
    assert str(problems[0]).startswith(f"{path}:3: invalid JSON at column 1")
