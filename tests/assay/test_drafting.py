"""A question file drafted from a folder."""

import json
from pathlib import Path
from typing import Any

import pytest

from assay.drafting import LEAKING, draft_questions, drafting_config
from eval.leakage import check_leakage
from pipelines.corpus import datasets
from pipelines.corpus.passages import find_answer
from pipelines.errors import UserError
from pipelines.records import Dataset


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "documents"
    made.mkdir()
    for number, name in enumerate(("Kestrel", "Orison", "Sable", "Veldt", "Marten", "Quill")):
        prose = f"The company built the {name} in the harbour of {name}ham, where it has stood since the flood."
        text = f"# {name}\n\nWeight: {10 + number} kg\n\nOwner: {name} Brandt\n\n{prose * 8}\n"
        (made / f"{name.lower()}.md").write_text(text, encoding="utf-8")
    (made / "prices.csv").write_text("Pump,Price\nKestrel,EUR 200\nOrison,EUR 210\n", encoding="utf-8")
    return made


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def loaded(folder: Path, questions: Path) -> Dataset:
    config = {"kind": "folder", "documents": str(folder), "questions": str(questions)}
    return datasets.build(datasets.parse(config))()


def test_the_folder_dataset_reads_what_was_drafted(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "questions.jsonl"
    drafted = draft_questions(folder, out, llm=None, store=tmp_path / "store")
    dataset = loaded(folder, out)
    assert len(dataset.questions) == sum(drafted.splits.values()) == 14
    assert drafted.kinds == {"key_value": 12, "table": 2}
    assert {split: len(dataset.split(split)) for split in ("test", "dev", "train")} == drafted.splits
    assert min(drafted.splits.values()) > 0
    documents = {document.id: document.text for document in dataset.documents}
    for question in dataset.questions:
        (span,) = question.gold
        assert find_answer(question.answers[0], documents[span.document_id][span.start : span.end]) is not None
    check_leakage(dataset.split("train"), dataset.split("dev") + dataset.split("test"))
    facts = {split: {f for q in dataset.split(split) for f in q.fact_ids} for split in ("test", "dev", "train")}
    assert not facts["train"] & (facts["test"] | facts["dev"])
    order = [row["split"] for row in rows_of(out)]
    assert order == sorted(order, key=["test", "dev", "train"].index)


def test_a_killed_draft_goes_on_where_it_stopped(folder: Path, tmp_path: Path, fake_model: Any) -> None:
    def reply(text: str) -> str:
        name = text.rpartition("Document: ")[2].split("\n")[0]
        return f" In which harbour was the {name} built?\nAnswer: {name}ham"

    fake_model.reply, fake_model.breaks_after = reply, 2
    out, store = tmp_path / "questions.jsonl", tmp_path / "store"
    config = drafting_config(number=6, per_passage=1)
    with pytest.raises(RuntimeError, match="switched off"):
        draft_questions(folder, out, llm="fake", drafting=config, store=store)
    assert not out.exists()
    fake_model.breaks_after = None
    drafted = draft_questions(folder, out, llm="fake", drafting=config, store=store)
    assert drafted.kinds["written"] >= 3
    first, second = fake_model.batches[:2]
    assert len(first) - len(second) == 2
    assert drafted.spent.output_tokens >= len(first)


def test_near_duplicates_of_held_out_questions_leave_train(tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    stem = "one two three four five six seven eight nine ten eleven"
    lines = "\n\n".join(f"Part {number}: Ida {number}" for number in range(10))
    (folder / "a.md").write_text(f"# Parts\n\n{lines}\n", encoding="utf-8")
    config = drafting_config(number=10, line_wording=f"Of {stem} and {stem} which is {{attribute}}?")
    drafted = draft_questions(folder, tmp_path / "q.jsonl", llm=None, drafting=config, store=tmp_path / "store")
    assert drafted.splits == {"test": 3, "dev": 1}
    assert drafted.dropped == {LEAKING: 6}


def test_nothing_is_written_over_unasked(folder: Path, tmp_path: Path) -> None:
    out, store = tmp_path / "questions.jsonl", tmp_path / "store"
    out.write_text("mine", encoding="utf-8")
    with pytest.raises(UserError, match="is there already"):
        draft_questions(folder, out, llm=None, store=store)
    assert out.read_text(encoding="utf-8") == "mine"
    draft_questions(folder, out, llm=None, store=store, force=True)
    assert len(rows_of(out)) == 14
    (tmp_path / "questions.review.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(UserError, match="has been reviewed"):
        draft_questions(folder, out, llm=None, store=store, force=True)


def test_bad_input_is_named(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "questions.jsonl"
    with pytest.raises(UserError, match="no such folder"):
        draft_questions(tmp_path / "nowhere", out, llm=None)
    with pytest.raises(UserError, match="lies among the documents"):
        draft_questions(folder, folder / "questions.jsonl", llm=None)
    with pytest.raises(UserError, match=r"ends in \.jsonl"):
        draft_questions(folder, tmp_path / "questions.csv", llm=None)
    with pytest.raises(UserError, match=r"--llm fakee: is no experiment file"):
        draft_questions(folder, out, llm="fakee", store=tmp_path / "store")
    with pytest.raises(UserError, match="--prompt: no readable prompt file"):
        drafting_config(number=3, prompt="nowhere.txt")
    (folder / "broken.pdf").write_bytes(b"%PDF-")
    (folder / "empty.md").write_text("", encoding="utf-8")
    with pytest.raises(UserError) as error:
        draft_questions(folder, out, llm=None)
    assert "broken.pdf" in str(error.value)
    assert "empty.md" in str(error.value)
    assert sum(draft_questions(folder, out, llm=None, skip_unreadable=True).splits.values()) == 14
    out.unlink()
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(UserError, match="holds no document"):
        draft_questions(empty, out, llm=None)
