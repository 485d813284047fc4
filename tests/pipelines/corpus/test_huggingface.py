"""Hugging Face datasets, read from local files; nothing here reaches the hub."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.corpus import datasets
from pipelines.errors import UserError
from pipelines.records import Dataset, Document, Question, Span

pytest.importorskip("datasets")

ROWS = [
    {"question": "When?", "answers": ["1904"], "context": "Built in 1904.\n\nIt is high.", "doc": "d1"},
    {"question": "How high?", "answers": ["96 m"], "context": "It is 96 m high.", "doc": "d2"},
    {"question": "In which year?", "answers": ["1904"], "context": "Built in 1904.\n\nIt is high.", "doc": "d1"},
]


@pytest.fixture(autouse=True)
def _offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets as library
    import huggingface_hub

    for module in (library.config, huggingface_hub.constants):
        monkeypatch.setattr(module, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(library.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    library.disable_progress_bars()


def _json(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def _load(**options: Any) -> Dataset:
    return datasets.build(datasets.parse({"kind": "huggingface", "path": "json", **options}))()


def _error(**options: Any) -> str:
    with pytest.raises(UserError) as caught:
        _load(**options)
    return str(caught.value)


def test_rows_become_questions_and_their_contexts_documents(tmp_path: Path) -> None:
    files = {
        "train": _json(tmp_path / "a.jsonl", ROWS),
        "validation": _json(tmp_path / "b.jsonl", [{**ROWS[1], "question": "What height?"}]),
        "test": [_json(tmp_path / "c.jsonl", [{**ROWS[0], "question": "Since when?"}])],
    }
    dataset = _load(data_files=files, columns={"document_id": "doc"}, name="towers")
    assert dataset.documents == (
        Document("d1", "Built in 1904.\n\nIt is high."),
        Document("d2", "It is 96 m high."),
    )
    first = dataset.questions[0]
    assert first == Question(first.id, "When?", ("1904",), "train", (Span("d1", 0, 14),), {"d1": 1})
    assert [question.split for question in dataset.questions] == ["train"] * 3 + ["dev", "test"]


def test_equal_contexts_are_one_document_without_an_id_column(tmp_path: Path) -> None:
    dataset = _load(data_files={"train": _json(tmp_path / "a.jsonl", ROWS)})
    assert [document.text for document in dataset.documents] == [ROWS[0]["context"], ROWS[1]["context"]]
    assert dataset.questions[0].gold[0].document_id == dataset.questions[2].gold[0].document_id


def test_parquet_with_nested_answers_and_empty_ones(tmp_path: Path) -> None:
    import pandas

    rows = [
        {"qid": 1, "q": "When?", "a": {"text": ["1904"], "answer_start": [9]}, "c": "Built in 1904."},
        {"qid": 2, "q": "Who?", "a": {"text": [], "answer_start": []}, "c": "Built in 1904."},
    ]
    pandas.DataFrame(rows).to_parquet(tmp_path / "a.parquet")
    files = {"train": str(tmp_path / "a.parquet")}
    columns = {"id": "qid", "question": "q", "answers": "a", "context": "c"}
    dataset = _load(path="parquet", data_files=files, columns=columns, empty_answers="unanswerable")
    assert [(q.id, q.answers, q.answerable, len(q.gold)) for q in dataset.questions] == [
        ("1", ("1904",), True, 1),
        ("2", (), False, 0),
    ]
    assert _error(path="parquet", data_files=files, columns=columns).endswith(
        "[train]:2: answers: question '2' has no answer; give one, or set answerable to false"
    )


def test_csv_with_chosen_splits_and_a_limit(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        rows = "".join(f"{name}{n}?,{n},Passage {n}.\n" for n in range(4))
        (tmp_path / f"{name}.csv").write_text(f"question,answers,context\n{rows}", encoding="utf-8")
    files = {name: str(tmp_path / f"{name}.csv") for name in ("a", "b", "c")}
    splits = {"train": "a", "dev": "b", "test": "c"}
    dataset = _load(path="csv", data_files=files, splits=splits, limit=2)
    assert [(q.text, q.answers, q.split) for q in dataset.questions] == [
        ("a0?", ("0",), "train"),
        ("a1?", ("1",), "train"),
        ("b0?", ("0",), "dev"),
        ("b1?", ("1",), "dev"),
        ("c0?", ("0",), "test"),
        ("c1?", ("1",), "test"),
    ]
    assert len(dataset.documents) == 2


def test_list_of_contexts_with_ids_and_titles(tmp_path: Path) -> None:
    row = {"question": "?", "answers": "96 m", "context": {"text": ["It is 96 m.", "By Ada."], "title": ["T", "A"]}}
    columns = {"context": "context.text", "title": "context.title", "document_id": "context.title"}
    dataset = _load(data_files={"train": _json(tmp_path / "a.jsonl", [row])}, columns=columns)
    assert dataset.documents == (Document("T", "It is 96 m.", "T"), Document("A", "By Ada.", "A"))
    assert dataset.questions[0].gold == (Span("T", 0, 11), Span("A", 0, 7))


def test_missing_columns_are_all_named(tmp_path: Path) -> None:
    files = {"train": _json(tmp_path / "a.jsonl", ROWS)}
    assert _error(data_files=files, columns={"question": "qestion", "answers": "zzz"}).split("\n") == [
        "json[train]: columns.question: no column 'qestion'; did you mean 'question'?",
        "json[train]: columns.answers: no column 'zzz'; there are question, answers, context, doc",
    ]


def test_two_texts_under_one_id_are_named_by_row(tmp_path: Path) -> None:
    rows = [ROWS[0], {**ROWS[1], "doc": "d1"}]
    files = {"train": _json(tmp_path / "a.jsonl", rows)}
    assert _error(data_files=files, columns={"document_id": "doc"}) == "json[train]:2: doc: two texts have the id 'd1'"


def test_unknown_split_lists_those_there_are(tmp_path: Path) -> None:
    files = {"main": _json(tmp_path / "a.jsonl", ROWS)}
    assert _error(data_files=files) == "json: splits: give which is train, dev, test among main"
    assert _error(data_files=files, splits={"test": "mian"}) == "json: splits.test: no split 'mian'; there are main"


def test_missing_data_file_is_named(tmp_path: Path) -> None:
    path = str(tmp_path / "no.jsonl")
    assert _error(data_files={"train": path}) == f"{path}: data_files: no such file"


def test_file_that_is_no_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("question\n", encoding="utf-8")
    message = _error(data_files={"train": str(path)})
    assert message.startswith("json: cannot be loaded: ")
    assert "\n" not in message


def test_hub_that_cannot_be_reached_is_one_clear_line() -> None:
    message = _error(path="squad")
    assert message.startswith("squad: path: the Hugging Face hub cannot be reached (")
    assert message.endswith("connect once to fill the cache, or download the files and give them as data_files")
