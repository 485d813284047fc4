"""``assay data questions``, ``review`` and ``card``, called in this process."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Calls ``assay data`` in an empty folder."""
    from assay.cli import app
    from assay.cli import data as commands  # noqa: F401 - registers

    monkeypatch.chdir(tmp_path)
    runner = CliRunner()

    def call(*arguments: str, typed: str = "") -> Result:
        return runner.invoke(app, ["data", *arguments], input=typed, env={"COLUMNS": "200"})

    return call


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    for number, name in enumerate(("Kestrel", "Orison", "Sable", "Veldt")):
        (folder / f"{name}.md").write_text(f"# {name}\n\nWeight: {10 + number} kg\n\nCrew: {name} Club\n", "utf-8")
    return folder


def experiment(root: Path, dataset: Any, *configurations: Any) -> str:
    made = {"name": "x", "dataset": dataset, "llm": "fake", "configurations": list(configurations)}
    (root / "x.yaml").write_text(json.dumps(made), encoding="utf-8")
    return "x.yaml"


def test_from_documents_to_reviewed_questions_to_minutes(
    data: Any, documents: Path, tmp_path: Path, fake_model: Any
) -> None:
    finished = data("questions", "documents", "--no-llm", "--number", "6")
    assert finished.exit_code == 0, finished.stderr
    assert "questions.jsonl: 6 questions (test 2, dev 1, train 3; key_value 6)" in finished.stdout
    assert "next: assay data review questions.jsonl" in finished.stdout
    assert "then: dataset: {kind: folder, documents: documents, questions: questions.jsonl}" in finished.stdout
    again = data("questions", "documents", "--no-llm")
    assert again.exit_code == 2
    assert "is there already" in again.stderr

    part = data("review", "questions.jsonl", typed="a\nr\nunclear\nq\n")
    assert "accepted 1 (50% of those decided), 0 of them edited; rejected 1; open 4" in part.stdout
    rest = data("review", "questions.jsonl", typed="a\na\na\na\n")
    assert "accepted 5 (83% of those decided), 0 of them edited; rejected 1; open 0" in rest.stdout

    dataset = {"kind": "folder", "documents": "documents", "questions": "questions.jsonl"}
    log = "questions.review.jsonl"
    lines = [json.loads(line) for line in Path(log).read_text("utf-8").splitlines()]
    slow = "".join(json.dumps({**line, "seconds": 60}) + "\n" for line in lines)
    Path(log).write_text(slow, encoding="utf-8")
    tuned = {"id": "lora", "arm": "lora", "training_data": [{"kind": "pairs", "reviewer_minutes": log}]}
    card = data("card", experiment(tmp_path, dataset, tuned), "--configuration", "lora")
    assert card.exit_code == 0, card.stderr
    assert "lora: 3 pairs and 0 texts of pairs" in card.stdout
    assert "3.0 reviewer minutes" in card.stdout


def test_a_card_of_several_kinds_names_what_is_missing(
    data: Any, small_dataset: Any, tmp_path: Path, fake_model: Any
) -> None:
    fake_model.reply = lambda text: ""
    kinds = ["pairs", {"kind": "raft", "distractors": 1}, {"kind": "documents", "size": None}]
    tuned = {"id": "both", "arm": "lora_rag", "retriever": "bm25", "training_data": kinds}
    path = experiment(tmp_path, small_dataset(tmp_path / "data"), tuned, {"arm": "closed_book"})
    card = data("card", path, "--configuration", "both")
    assert card.exit_code == 0, card.stderr
    rows = [json.loads(line) for line in (tmp_path / "data/questions.jsonl").read_text("utf-8").splitlines()]
    train = [row for row in rows if row["split"] == "train"]
    with_gold = sum("gold" in row for row in train)
    assert f"both: {len(train) + with_gold} pairs and 8 texts of pairs, raft, documents" in card.stdout
    assert any(
        "questions without gold passages" in line and f" {len(train) - with_gold} " in line
        for line in card.stdout.splitlines()
    )


def test_raft_learns_from_what_its_configuration_retrieves(small_dataset: Any, tmp_path: Path, fake_model: Any) -> None:
    from assay.loading import parse_experiment
    from assay.progress import Progress
    from assay.stages import Stages
    from assay.store import Store

    tuned = {"arm": "lora_rag", "retriever": "bm25", "training_pairs_indexed": True, "enrichment": []}
    tuned["training_data"] = [{"kind": "raft", "distractors": 2, "without_gold": 0}]
    dataset = small_dataset(tmp_path / "data")
    made = parse_experiment({"name": "x", "dataset": dataset, "llm": "fake", "configurations": [tuned]})
    stages = Stages(made, Store(tmp_path / "store"), Progress())
    entry, found = stages.tuning.training_set(made.configurations[0])
    asked = {question.id: question for question in stages.dataset.split("train")}
    assert found.pairs
    for pair in found.pairs:
        passages = [line for line in pair.prompt.split("\n") if line.startswith("Passage: ")]
        gold = stages.documents[asked[pair.question_id].gold[0].document_id].title
        assert len(passages) == 3
        assert sum(gold in passage for passage in passages) == 1
        assert "Answer" not in "".join(passages)
    assert entry.quantities["reviewer_minutes"] == 0


def test_user_errors_are_one_line(data: Any, small_dataset: Any, tmp_path: Path, fake_model: Any) -> None:
    path = experiment(tmp_path, small_dataset(tmp_path / "data"), {"arm": "closed_book"}, {"id": "t", "arm": "lora"})
    wrong = data("card", path, "--configuration", "closed_book")
    assert (wrong.exit_code, wrong.stderr) == (
        2, "assay: --configuration closed_book: is not tuned; known: t\n",
    )  # fmt: skip
    missing = data("review", "nowhere.jsonl")
    assert missing.exit_code == 2
    assert "nowhere.jsonl: a review needs a question file" in missing.stderr
    Path("pairs.jsonl").write_text("{}\n", encoding="utf-8")
    tuned = {"id": "t", "arm": "lora", "training_data": [{"kind": "file", "path": "pairs.jsonl"}]}
    bad = data("card", experiment(tmp_path, small_dataset(tmp_path / "more"), tuned), "--configuration", "t")
    assert bad.exit_code == 2
    assert "pairs.jsonl:1: has none of" in bad.stderr
