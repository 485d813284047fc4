"""The command line, called in this process."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

CONFIGS = Path(__file__).parents[2] / "configs"
COMMANDS = {"ablate", "run", "plan", "report", "compare", "ui", "doctor", "kinds", "schema", "data", "models"}


@pytest.fixture
def assay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Calls ``assay`` in an empty folder."""
    from assay.cli import ablate, app, data, doctor, kinds, models, results, run, schema  # noqa: F401 - they register commands

    monkeypatch.chdir(tmp_path)
    runner = CliRunner()

    def call(*arguments: str) -> Result:
        return runner.invoke(app, arguments, env={"COLUMNS": "200"})

    return call


def test_help_lists_every_command(assay: Any) -> None:
    shown = assay("--help").stdout
    assert {word for word in COMMANDS if f"\n  {word} " in shown} == COMMANDS


def test_kinds_lists_every_stage_or_one(assay: Any) -> None:
    every, one = assay("kinds").stdout, assay("kinds", "retriever").stdout
    for word in ("builtin", "recursive", "bm25", "hybrid", "budget", "embedded", "lora", "linear"):
        assert word in every
    assert "bm25" in one
    assert "recursive" not in one


def test_schema_is_json_that_an_editor_can_use(assay: Any) -> None:
    assert json.loads(assay("schema").stdout)["properties"]["configurations"]
    assert json.loads(assay("schema", "results").stdout)["title"] == "Results"


def test_plan_prints_configurations_and_writes_no_stage(assay: Any, tmp_path: Path) -> None:
    finished = assay("plan", str(CONFIGS / "quickstart.yaml"), "--set", "sample.test=20")
    assert finished.exit_code == 0
    assert "gold_context" in finished.stdout
    assert "min, $" in finished.stdout
    assert not (tmp_path / "runs").exists()
    assert not (tmp_path / ".assay/store/entries").exists()


def test_data_show_and_check_read_an_experiments_dataset(assay: Any, small_dataset: Any, tmp_path: Path) -> None:
    dataset = small_dataset(tmp_path / "data")
    data = {"name": "x", "dataset": dataset, "llm": "embedded", "configurations": [{"arm": "closed_book"}]}
    (tmp_path / "x.yaml").write_text(json.dumps(data), encoding="utf-8")
    assert "pumps: 8 documents and 30 questions are in order" in assay("data", "check", "x.yaml").stdout
    shown = assay("data", "show", "x.yaml", "--questions", "1").stdout
    assert "pumps: 8 documents" in shown
    assert "colours 6" in shown


def test_data_check_finds_a_leak(assay: Any, small_dataset: Any, tmp_path: Path) -> None:
    dataset = small_dataset(tmp_path / "data")
    path = Path(dataset["questions"])
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    train = next(row for row in rows if row["split"] == "train")
    path.write_text(
        "".join(json.dumps(row) + "\n" for row in [*rows, {**train, "id": "leak", "split": "test"}]), encoding="utf-8"
    )
    data = {"name": "x", "dataset": dataset, "llm": "embedded", "configurations": [{"arm": "closed_book"}]}
    (tmp_path / "x.yaml").write_text(json.dumps(data), encoding="utf-8")
    finished = assay("data", "check", "x.yaml")
    assert finished.exit_code == 2
    assert "'leak'" in finished.stderr


def test_data_list_names_the_kinds(assay: Any) -> None:
    assert "folder" in assay("data", "list").stdout


def finished_run(folder: Path, make_results: Any) -> Path:
    from eval.per_question import COLUMNS

    folder.mkdir()
    results = make_results()
    results.save(folder / "results.json")
    plain = {"seed": 0, "question": "?", "expected": ["a"], "track": "colours", "kind": "", "answerable": True}
    outcome = {
        "answer": "a",
        "confidence": None,
        "passages": [],
        "passage_ids": [],
        "prompt_tokens": 3,
        "output_tokens": 1,
        "usd": 0.0,
    }
    rows = [
        {
            "configuration": one.id,
            "question_id": f"q{n}",
            **plain,
            **outcome,
            "error": "",
            "lost_at": "right",
            "f1": 1.0,
            "correct": 1.0,
        }
        for one in results.configurations
        for n in range(12)
    ]
    frame = pd.DataFrame(rows)
    assert set(COLUMNS) <= set(frame.columns)
    frame.to_parquet(folder / "per_question.parquet")
    return folder


def test_report_is_written_again_from_a_finished_run(assay: Any, tmp_path: Path, make_results: Any) -> None:
    folder = finished_run(tmp_path / "made", make_results)
    finished = assay("report", "made")
    assert finished.exit_code == 0, finished.stderr
    assert "it is cheap" in (folder / "report.html").read_text(encoding="utf-8")


def test_compare_prints_the_shared_arms(assay: Any, tmp_path: Path, make_results: Any) -> None:
    finished_run(tmp_path / "made", make_results)
    finished = assay("compare", "made", "made")
    assert finished.exit_code == 0
    assert "made:rag-bm25-k3" in finished.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["report", "nowhere"], "assay: nowhere/results.json: not there; nowhere is no finished run"),
        (["schema", "everything"], "assay: there is no schema 'everything'; ask for experiment or results"),
        (["kinds", "stages"], "assay: there is no stage 'stages'; known: dataset,"),
        (["data", "check", "nothing"], "assay: 'nothing' is neither an experiment file nor a dataset kind: "),
        (
            ["data", "check", "folder"],
            "assay: dataset folder needs documents, questions; name it in an experiment file",
        ),
        (["plan", "nowhere.yaml"], "assay: nowhere.yaml: there is no such file"),
    ],
)
def test_user_errors_are_one_line_with_exit_code_2(assay: Any, arguments: list[str], message: str) -> None:
    finished = assay(*arguments)
    assert finished.exit_code == 2
    assert finished.stderr.startswith(message)
    assert finished.stderr.count("\n") == 1


def test_an_interrupted_command_says_that_it_can_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    import typer

    from assay.cli import command

    group = typer.Typer()

    def interrupted() -> None:
        raise KeyboardInterrupt

    command(group, "stop")(interrupted)
    with pytest.raises(typer.Exit) as ended:
        group.registered_commands[0].callback()  # type: ignore[misc]
    assert ended.value.exit_code == 130
    assert "run it again to go on" in capsys.readouterr().err
