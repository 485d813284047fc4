"""SQuAD 1.1 and 2.0."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pipelines.corpus import datasets
from pipelines.errors import UserError
from pipelines.records import Dataset, Span

TOWER = "It was built in 1904. It is 96 m high."


def _qa(identifier: str, start: int = 16, text: str = "1904", **more: Any) -> dict[str, Any]:
    return {"id": identifier, "question": "When?", "answers": [{"text": text, "answer_start": start}], **more}


def _file(path: Path, *articles: tuple[str, list[tuple[str, list[Any]]]]) -> str:
    data = [
        {"title": title, "paragraphs": [{"context": context, "qas": qas} for context, qas in paragraphs]}
        for title, paragraphs in articles
    ]
    path.write_text(json.dumps({"version": "v2.0", "data": data}), encoding="utf-8")
    return str(path)


def _load(**options: Any) -> Dataset:
    return datasets.build(datasets.parse({"kind": "squad", **options}))()


def _problems(root: Path, **options: Any) -> list[str]:
    with pytest.raises(UserError) as caught:
        _load(**options)
    return str(caught.value).replace(f"{root}/", "").split("\n")


def test_contexts_are_documents_once_across_files(tmp_path: Path) -> None:
    train = _file(tmp_path / "train.json", ("The_Tower", [(TOWER, [_qa("a")]), ("Nothing asked here.", [])]))
    dev = _file(tmp_path / "dev.json", ("The_Tower", [(TOWER, [_qa("b")])]))
    test = _file(tmp_path / "test.json", ("The_Tower", [(TOWER, [_qa("c")])]))
    dataset = _load(train=train, dev=dev, test=test)
    assert [(document.text, document.title) for document in dataset.documents] == [
        (TOWER, "The Tower"),
        ("Nothing asked here.", "The Tower"),
    ]
    assert [(question.id, question.split) for question in dataset.questions] == [
        ("a", "train"),
        ("b", "dev"),
        ("c", "test"),
    ]
    assert dataset.name == "train"


def test_gold_is_the_context_and_answers_are_listed_once(tmp_path: Path) -> None:
    qa = _qa("a")
    qa["answers"] += [{"text": "in 1904", "answer_start": 13}, {"text": "1904", "answer_start": 16}]
    dataset = _load(train=_file(tmp_path / "train.json", ("T", [(TOWER, [qa])])))
    (question,) = dataset.questions
    assert question.answers == ("1904", "in 1904")
    assert question.gold == (Span(dataset.documents[0].id, 0, 38),)


def test_impossible_question_is_unanswerable_without_gold(tmp_path: Path) -> None:
    impossible = {
        "id": "b",
        "question": "Who?",
        "answers": [],
        "plausible_answers": [{"text": "1904", "answer_start": 16}],
        "is_impossible": True,
    }
    path = _file(tmp_path / "v2.json", ("T", [(TOWER, [_qa("a", is_impossible=False), impossible])]))
    question = _load(train=path).questions[1]
    assert (question.answerable, question.answers, question.gold) == (False, (), ())
    assert question.judgements == {_load(train=path).documents[0].id: 1}


def test_dev_file_given_as_test_leaves_dev_to_be_cut_from_train(tmp_path: Path) -> None:
    train = _file(tmp_path / "train.json", ("T", [(TOWER, [_qa(f"a{n}") for n in range(80)])]))
    test = _file(tmp_path / "dev.json", ("T", [(TOWER, [_qa(f"b{n}") for n in range(5)])]))
    dataset = _load(train=train, test=test)
    assert [question.id for question in dataset.split("test")] == [f"b{n}" for n in range(5)]
    assert len(dataset.split("dev")) > 0
    assert len(dataset.split("train")) + len(dataset.split("dev")) == 80


def test_missing_file_is_named_by_its_field(tmp_path: Path) -> None:
    lines = _problems(tmp_path, train=str(tmp_path / "no.json"))
    assert lines == ["no.json: train: no such file"]


def test_every_bad_field_is_named_by_its_path(tmp_path: Path) -> None:
    bad: dict[str, Any] = {"id": 7, "question": "When?", "anwsers": []}
    path = _file(tmp_path / "a.json", ("T", [(TOWER, [bad])]))
    assert _problems(tmp_path, train=path) == [
        "a.json: data[0].paragraphs[0].qas[0].id: must be a valid string, not 7",
        "a.json: data[0].paragraphs[0].qas[0].answers: missing field; found 'anwsers', did you mean 'answers'?",
    ]


def test_answer_that_does_not_stand_where_it_should_is_named(tmp_path: Path) -> None:
    path = _file(tmp_path / "a.json", ("T", [(TOWER, [_qa("a"), _qa("b", start=15), _qa("b")])]))
    lines = _problems(tmp_path, train=path)
    assert lines == [
        "a.json: data[0].paragraphs[0].qas[1].answers[0].answer_start: '1904' does not stand at 15 of its context",
        "a.json: id: duplicate question id 'b'",
    ]


def test_invalid_json_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"data": [\n}', encoding="utf-8")
    assert _problems(tmp_path, test=str(tmp_path / "a.json"))[0].startswith("a.json:2: invalid JSON at column 1")


def test_no_file_at_all_is_refused() -> None:
    with pytest.raises(ValidationError, match="give at least one of train, dev, test"):
        datasets.parse({"kind": "squad"})
