import json
from pathlib import Path

import pytest

from assay.embed_eval.local_data import read_judged, read_labelled, read_pairs
from pipelines.errors import UserError


def beir(folder: Path) -> Path:
    """Three documents and a question of each split, and a second one of test without a positive judgement."""
    documents = [("d1", "Pumps", "The Kestrel pump is green."), ("d2", "", "Invoices are due."), ("d3", "", "Snow.")]
    queries = [("q1", "Which colour has the Kestrel pump?"), ("q2", "When?"), ("q3", "What is due?"), ("q4", "Snow?")]
    (folder / "qrels").mkdir(parents=True)
    lines = [json.dumps({"_id": name, "title": title, "text": text}) for name, title, text in documents]
    (folder / "corpus.jsonl").write_text("\n".join(lines), encoding="utf-8")
    lines = [json.dumps({"_id": name, "text": text}) for name, text in queries]
    (folder / "queries.jsonl").write_text("\n".join(lines), encoding="utf-8")
    header = "query-id\tcorpus-id\tscore\n"
    for split, rows in {"train": "q3\td2\t1\n", "dev": "q4\td3\t1\n", "test": "q1\td1\t2\nq2\td2\t0\n"}.items():
        (folder / "qrels" / f"{split}.tsv").write_text(header + rows, encoding="utf-8")
    return folder


def test_pairs_are_read_from_csv_with_quotes(tmp_path: Path) -> None:
    (tmp_path / "sts.csv").write_text('A cat.,"A ""small"", sleepy cat.",4.2\nNo.,Yes.,0\n', encoding="utf-8")
    pairs = read_pairs(tmp_path / "sts.csv")
    assert pairs.first == ["A cat.", "No."]
    assert pairs.second == ['A "small", sleepy cat.', "Yes."]
    assert pairs.scores == [4.2, 0.0]


def test_every_bad_pair_is_listed(tmp_path: Path) -> None:
    (tmp_path / "sts.csv").write_text("a,b,1\na,b\na,b,much\n", encoding="utf-8")
    with pytest.raises(UserError) as error:
        read_pairs(tmp_path / "sts.csv")
    first, second = str(error.value).split("\n")
    assert first.endswith("sts.csv:2: must be sentence,sentence,similarity, not 2 cells ending in 'b'")
    assert second.endswith("sts.csv:3: must be sentence,sentence,similarity, not 3 cells ending in 'much'")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no\.csv: sts: no such file"):
        read_pairs(tmp_path / "no.csv")


def test_labelled_texts_are_read_and_bad_rows_listed(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text('{"text": "good", "label": "a"}\n{"text": "fine", "label": 2}\n', encoding="utf-8")
    assert read_labelled(path).labels == ["a", "2"]
    path.write_text('{"text": "good"}\n{"label": "a", "text": " "}\n', encoding="utf-8")
    with pytest.raises(UserError) as error:
        read_labelled(path)
    assert [line.partition("jsonl:")[2] for line in str(error.value).split("\n")] == [
        "1: label: must be given",
        "2: text: must be given",
    ]


def test_judged_questions_and_what_bm25_finds_for_them(tmp_path: Path) -> None:
    judged = read_judged(beir(tmp_path / "set"), rerank=True)
    assert [question.id for question in judged.questions] == ["q1"]
    assert judged.candidates == {"q1": ["d1"]}
    assert not read_judged(tmp_path / "set").candidates
