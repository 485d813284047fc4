"""What a user can get wrong on the command line: exit code 2, one line a problem, no traceback, nothing left behind."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner


class Workplace:
    """An experiment file over the small dataset, ready to be spoilt, and a way to run it."""

    def __init__(self, root: Path, dataset: dict[str, str]) -> None:
        self.root = root
        self.documents, self.questions = Path(dataset["documents"]), Path(dataset["questions"])
        self.data: dict[str, Any] = {
            "name": "spoilt",
            "dataset": dataset,
            "llm": {"kind": "fake"},
            "configurations": [{"arm": "closed_book"}, {"arm": "rag", "retriever": {"kind": "bm25"}}],
        }

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.questions.read_text(encoding="utf-8").splitlines()]

    def write_rows(self, rows: list[dict[str, Any]]) -> None:
        self.questions.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    def refused(self, *options: str) -> str:
        """Run; check that it was refused properly. Returns the message, with paths relative to the root."""
        from assay.cli import app, run  # noqa: F401 - it registers the command

        file = self.root / "spoilt.yaml"
        file.write_text(json.dumps(self.data, indent=1), encoding="utf-8")
        before = self.files()
        finished = CliRunner().invoke(app, ["run", str(file), "--quiet", "--no-tracking", *options])
        assert finished.exit_code == 2, finished.output
        assert finished.stdout == ""
        assert finished.stderr.startswith("assay: ")
        assert "Traceback" not in finished.stderr
        assert self.files() == before
        return finished.stderr.removeprefix("assay: ").removesuffix("\n").replace(f"{self.root}/", "")

    def files(self) -> set[Path]:
        return set(self.root.rglob("*"))


@pytest.fixture
def place(tmp_path: Path, small_dataset: Any, fake_model: Any, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    monkeypatch.chdir(tmp_path)
    return Workplace(tmp_path, small_dataset(tmp_path / "data"))


def test_misspelt_field_names_the_nearest(place: Workplace) -> None:
    place.data["configurations"][1]["dpeth"] = 2
    assert place.refused() == "spoilt.yaml:21: configurations.1.dpeth: unknown field; did you mean 'depth'?"


def test_misspelt_field_of_a_stage(place: Workplace) -> None:
    place.data["dataset"]["langauge"] = "en"
    assert place.refused() == "spoilt.yaml:8: dataset.langauge: unknown field; did you mean 'language'?"


def test_wrong_type(place: Workplace) -> None:
    place.data["seed"] = "zero"
    assert place.refused().startswith("spoilt.yaml:23: seed: input should be a valid integer")


def test_unknown_kind_names_the_nearest(place: Workplace) -> None:
    place.data["configurations"][1]["retriever"]["kind"] = "bm52"
    message = place.refused()
    assert message == "spoilt.yaml:18: configurations.1.retriever: unknown retriever kind 'bm52'; did you mean 'bm25'?"


def test_missing_experiment_file(place: Workplace) -> None:
    from assay.cli import app, run  # noqa: F401 - it registers the command

    finished = CliRunner().invoke(app, ["run", "splint.yaml"])
    assert (finished.exit_code, finished.stderr) == (2, "assay: splint.yaml: there is no such file\n")


def test_missing_dataset_files(place: Workplace) -> None:
    place.data["dataset"] |= {"documents": str(place.root / "nodocs"), "questions": str(place.root / "noquestions.csv")}
    assert place.refused() == "nodocs: documents: no such folder\nnoquestions.csv: questions: no such file"


def test_empty_corpus(place: Workplace) -> None:
    for path in place.documents.iterdir():
        path.unlink()
    assert "data/documents: documents: the corpus is empty" in place.refused().split("\n")


def test_question_without_an_answer(place: Workplace) -> None:
    rows = place.rows
    rows[2] = {key: value for key, value in rows[2].items() if key != "answer"}
    place.write_rows(rows)
    identifier = rows[2]["id"]
    message = f"question {identifier!r} has no answer; give one, or set answerable to false"
    assert place.refused() == f"data/questions.jsonl:3: answers: {message}"


def test_duplicate_question_ids(place: Workplace) -> None:
    rows = place.rows
    rows[4]["id"] = rows[1]["id"]
    place.write_rows(rows)
    first = f"first at data/questions.jsonl:{2}"
    assert place.refused() == f"data/questions.jsonl:5: id: duplicate question id {rows[1]['id']!r}, {first}"


def test_gold_that_names_no_document(place: Workplace) -> None:
    rows = place.rows
    rows[0]["gold"] = [{"document": "kestrl.md"}]
    place.write_rows(rows)
    assert place.refused() == (
        "data/questions.jsonl:1: gold[0].document: names no document: 'kestrl.md'; did you mean 'kestrel.md'?"
    )


def test_unreadable_pdf(place: Workplace) -> None:
    (place.documents / "broken.pdf").write_bytes(b"%PDF-1.4 and then nothing of use")
    message = place.refused()
    assert message.startswith("data/documents/broken.pdf: ")
    assert message.endswith("(or set skip_unreadable: true)")


def test_text_that_is_not_utf_8(place: Workplace) -> None:
    (place.documents / "latin.md").write_bytes("Café at the canal".encode("latin-1"))
    message = place.refused()
    assert message.startswith("data/documents/latin.md: ")
    assert "UTF-8" in message


def test_questions_that_are_not_utf_8(place: Workplace) -> None:
    place.questions.write_bytes(place.questions.read_bytes() + b'{"question": "caf\xe9?"}\n')
    assert "data/questions.jsonl" in place.refused()


def test_question_in_train_and_test(place: Workplace) -> None:
    rows = place.rows
    train = next(row for row in rows if row["split"] == "train")
    place.write_rows([*rows, {**train, "id": "leak", "split": "test"}])
    assert "'leak'" in place.refused()


@pytest.mark.parametrize("split", ["test", "dev"])
def test_split_without_a_question(place: Workplace, split: str) -> None:
    place.write_rows([row for row in place.rows if row["split"] != split])
    assert place.refused().startswith(f"dataset pumps: split {split} has no question, and ")


def test_tuning_without_training_questions(place: Workplace) -> None:
    place.write_rows([row for row in place.rows if row["split"] != "train"])
    place.data["configurations"].append({"arm": "lora"})
    assert place.refused() == "dataset pumps: split train has no question, and weights are tuned on it"


def test_dataset_that_judges_retrieval_alone(place: Workplace) -> None:
    rows = [{**row, "relevance": {"kestrel.md": 1}} for row in place.rows]
    place.write_rows([{key: value for key, value in row.items() if key != "answer"} for row in rows])
    assert place.refused() == (
        "dataset pumps: no test question has an answer, only judged documents; a run scores answers"
    )


@pytest.mark.parametrize("option", ["--runs", "--store"])
@pytest.mark.parametrize("where", ["/proc/assay", "taken"])
def test_folder_that_cannot_be_written(place: Workplace, option: str, where: str) -> None:
    (place.root / "taken").write_text("a file stands here", encoding="utf-8")
    other = {"--runs": "--store", "--store": "--runs"}[option]
    (place.root / "free/spoilt").mkdir(parents=True)
    message = place.refused(option, where, other, "free")
    assert message.startswith(f"{where}{'/spoilt' if option == '--runs' else ''}: the folder cannot be made (")


@pytest.mark.parametrize("name", ["no/such/folder", "./nowhere"])
def test_model_that_is_not_there(place: Workplace, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    place.data["llm"] = {"kind": "hf", "name": name}
    assert place.refused().startswith(f"model {name!r} is neither a folder nor a hub name")


def test_hub_model_that_was_never_downloaded(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    place.data["llm"] = {"kind": "hf", "name": "nobody/no-such-model"}
    assert place.refused().startswith("model 'nobody/no-such-model' is not on this machine")


@pytest.mark.parametrize(("field", "value", "asked"), [("latency", {"questions": 4}, 4), ("sample", {"test": 7}, 7)])
def test_too_few_questions_for_a_median(place: Workplace, field: str, value: dict[str, int], asked: int) -> None:
    place.data[field] = value
    there = 7 if field == "sample" else 12
    assert place.refused() == (
        f"latency.questions: a median takes 10 questions, not {asked} (test has {there}); ask more, or set it to 0 to "
        "skip the probe"
    )


def test_machine_that_the_price_book_does_not_have(place: Workplace) -> None:
    place.data["economics"] = {"machine": "small_cpus"}
    assert "has no machine 'small_cpus'" in place.refused()


def test_status_quo_and_contrasts_that_name_nothing(place: Workplace) -> None:
    place.data["contrasts"] = [["rag", "rga"]]
    message = "contrasts.0.1: 'rga' is neither an arm nor the id of a configuration; did you mean 'rag'?"
    assert place.refused() == f"spoilt.yaml:26: {message}"


def test_the_program_itself_ends_with_2_and_one_line(place: Workplace) -> None:
    (place.root / "spoilt.yaml").write_text("name: spoilt\nlmm: embedded\n", encoding="utf-8")
    command = [sys.executable, "-c", "from assay.cli import main; main()", "run", "spoilt.yaml"]
    finished = subprocess.run(command, capture_output=True, text=True, cwd=place.root, timeout=300, check=False)
    assert finished.returncode == 2
    assert finished.stderr == "assay: spoilt.yaml:2: lmm: unknown field; did you mean 'llm'?\n"
    assert finished.stdout == ""
