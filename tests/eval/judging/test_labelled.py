import json
from pathlib import Path

import pytest

from eval.judging import CalibrationRow, PreferenceRow, read_calibration
from pipelines.errors import UserError

GRADED = {"quality": "faithfulness", "question": "q", "answer": "a", "contexts": ["c"], "reference": "r", "label": 1}
PREFERRED = {"quality": "preference", "instruction": "i", "answer_a": "x", "answer_b": "y", "label": "tie"}


def _file(folder: Path, *lines: str) -> Path:
    path = folder / "labels.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_both_sorts_of_rows_are_read_and_empty_lines_passed_over(tmp_path: Path) -> None:
    graded, preferred = read_calibration(_file(tmp_path, json.dumps(GRADED), "", json.dumps(PREFERRED)))
    assert isinstance(graded, CalibrationRow)
    assert isinstance(preferred, PreferenceRow)
    assert (graded.votes, graded.contexts, preferred.votes) == ((1.0,), ("c",), ("tie",))


def test_several_votes(tmp_path: Path) -> None:
    row = {key: value for key, value in GRADED.items() if key != "label"} | {"labels": [1, 0, 1]}
    assert read_calibration(_file(tmp_path, json.dumps(row)))[0].votes == (1.0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ({**GRADED, "label": "good"}, "line 2, label"),
        ({**GRADED, "quality": "style"}, "line 2"),
        ({**GRADED, "labels": [1]}, "either label or labels"),
        ({**PREFERRED, "label": "c"}, "line 2, label"),
        ({**PREFERRED, "answers": "x"}, "line 2, answers"),
        ([], "line 2"),
    ],
)
def test_bad_row_is_named_by_line_and_field(tmp_path: Path, row: object, named: str) -> None:
    with pytest.raises(UserError, match=named):
        read_calibration(_file(tmp_path, json.dumps(GRADED), json.dumps(row)))


def test_missing_and_empty_files_are_the_users_to_mend(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"judge\.calibration: .*none\.jsonl cannot be read"):
        read_calibration(tmp_path / "none.jsonl")
    with pytest.raises(UserError, match="holds no row"):
        read_calibration(_file(tmp_path, ""))
