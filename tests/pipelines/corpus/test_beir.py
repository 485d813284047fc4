"""The BEIR layout, with and without answers."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.corpus import datasets
from pipelines.corpus.splits import SplitFractions, split_of
from pipelines.errors import UserError
from pipelines.records import Dataset, Document, Question, Span

CORPUS = [
    {"_id": "d1", "title": "Tower", "text": "It was built in 1904.\n\nIt is 96 m high.", "metadata": {}},
    {"_id": "d2", "title": "Title alone", "text": ""},
    {"_id": "d3", "title": "", "text": "Ada built the tower."},
]
HEADER = "query-id\tcorpus-id\tscore\n"


def _set(root: Path, queries: list[Any], qrels: dict[str, str], corpus: list[Any] | None = None) -> Path:
    (root / "qrels").mkdir(parents=True)
    for name, rows in (("corpus", CORPUS if corpus is None else corpus), ("queries", queries)):
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        (root / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    for split, judgements in qrels.items():
        (root / "qrels" / f"{split}.tsv").write_text(judgements, encoding="utf-8")
    return root


def _load(root: Path, **options: Any) -> Dataset:
    return datasets.build(datasets.parse({"kind": "beir", "folder": str(root), **options}))()


def _problems(root: Path) -> list[str]:
    with pytest.raises(UserError) as caught:
        _load(root)
    return str(caught.value).replace(f"{root}/", "").split("\n")


def test_documents_graded_judgements_and_published_splits_are_kept(tmp_path: Path) -> None:
    queries = [{"_id": f"q{n}", "text": f"Query {n}", "metadata": {"url": "x"}} for n in range(1, 5)]
    qrels = {
        "train": HEADER + "q1\td1\t2\nq1\td3\t0\n",
        "dev": HEADER + "q2\td2\t1\n",
        "test": "q3\td3\t1\n",  # without a header
    }
    assert _load(_set(tmp_path / "set", queries, qrels)) == Dataset(
        name="set",
        documents=(
            Document("d1", "It was built in 1904.\n\nIt is 96 m high.", "Tower"),
            Document("d2", "Title alone", "Title alone"),
            Document("d3", "Ada built the tower."),
        ),
        questions=(
            Question("q1", "Query 1", (), "train", (Span("d1", 0, 39),), {"d1": 2, "d3": 0}),
            Question("q2", "Query 2", (), "dev", (Span("d2", 0, 11),), {"d2": 1}),
            Question("q3", "Query 3", (), "test", (Span("d3", 0, 20),), {"d3": 1}),
        ),
    )


def test_gold_is_the_paragraph_around_the_answer_or_the_document(tmp_path: Path) -> None:
    queries = [{"_id": "q1", "text": "How high?", "metadata": {"answers": ["96 m", "96 metres"]}}]
    root = _set(tmp_path, queries, {"test": HEADER + "q1\td1\t1\nq1\td3\t1\n"})
    (question,) = _load(root).questions
    assert question.answers == ("96 m", "96 metres")
    assert question.gold == (Span("d1", 23, 39), Span("d3", 0, 20))
    (question,) = _load(root, gold_unit="document").questions
    assert question.gold == (Span("d1", 0, 39), Span("d3", 0, 20))


def test_earlier_hops_are_found_by_their_own_answers(tmp_path: Path) -> None:
    steps = [{"question": "Who built the tower?", "answer": "Ada"}, {"question": "When did #1?", "answer": "1904"}]
    metadata = {"answers": ["1904"], "hops": "2hop", "decomposition": steps}
    queries = [{"_id": "q1", "text": "When?", "metadata": metadata}]
    (question,) = _load(_set(tmp_path, queries, {"test": "q1\td1\t1\nq1\td3\t1\n"}), gold_unit="sentence").questions
    assert question.gold == (Span("d1", 0, 21), Span("d3", 0, 20))
    assert question.kind == "2hop"


def test_labels_are_answers_of_the_kind_yes_no_supported_by_the_whole_document(tmp_path: Path) -> None:
    corpus = [{"_id": "d1", "text": "No effect.\n\nYes, it grew."}]
    queries = [{"_id": "q1", "text": "Did it grow?", "metadata": {"answer": "yes", "long_answer": "It grew."}}]
    (question,) = _load(_set(tmp_path, queries, {"test": "q1\td1\t1\n"}, corpus)).questions
    assert (question.answers, question.kind, question.gold) == (("yes",), "yes_no", (Span("d1", 0, 25),))


def test_numbers_carry_their_scale(tmp_path: Path) -> None:
    metadata = {"answer": -12.6, "scale": "million", "answer_type": "arithmetic"}
    root = _set(tmp_path, [{"_id": "q1", "text": "Change?", "metadata": metadata}], {"test": "q1\td1\t1\n"})
    assert _load(root).questions[0].answers == ("-12.6 million",)
    assert _load(root, require_scale=False).questions[0].answers == ("-12.6 million", "-12.6")


def test_unanswerable_query_has_neither_answer_nor_gold(tmp_path: Path) -> None:
    queries = [
        {"_id": "q1", "text": "Who?", "metadata": {"answers": [], "answerable": False}},
        {"_id": "q2", "text": "Who built it?", "metadata": {"answers": ["Ada"]}},
    ]
    question = _load(_set(tmp_path, queries, {"test": "q1\td1\t1\nq2\td3\t1\n"})).questions[0]
    assert (question.answerable, question.answers, question.gold) == (False, (), ())
    assert question.relevance == {"d1": 1}


def test_set_with_test_judgements_alone_is_divided_by_hash(tmp_path: Path) -> None:
    queries = [{"_id": f"q{n}", "text": "?"} for n in range(60)]
    root = _set(tmp_path, queries, {"test": "".join(f"q{n}\td1\t1\n" for n in range(60))})
    fractions = {"train": 0.2, "dev": 0.3, "test": 0.5}
    questions = _load(root, split_fractions=fractions, split_seed=4).questions
    expected = [split_of(f"q{n}", SplitFractions(**fractions), 4) for n in range(60)]
    assert [question.split for question in questions] == expected
    assert set(expected) == {"train", "dev", "test"}


def test_every_bad_row_of_every_file_is_named_at_once(tmp_path: Path) -> None:
    corpus: list[Any] = [*CORPUS, {"_id": "d4", "txt": "misspelt"}, "{", {"_id": "d3", "text": "again"}]
    queries: list[Any] = [
        {"_id": "q1", "text": "Fine?", "metadata": {"answer": "a"}},
        {"_id": "q2", "text": "None?", "metadata": {}},
        {"_id": "q3", "text": "Dict?", "metadata": {"answer": {"value": 1}}},
        {"_id": "q4", "text": 4},
        {"_id": "q1", "text": "Twice?", "metadata": {"answer": "a"}},
    ]
    qrels = {
        "train": HEADER + "q1\td1\t1\nq1\td1\t2\nq2\td9\t1\nq2\td1\t1\nq3\td1\t1\nq4\td4\t1\nq9\td1\t1\n",
        "test": HEADER + "q1\td3\t1\nq2 d1 1\nq2\td1\thigh\n",
    }
    assert _problems(_set(tmp_path, queries, qrels, corpus)) == [
        "corpus.jsonl:4: text: missing field; found 'txt', did you mean 'text'?",
        "corpus.jsonl:5: invalid JSON at column 2: Expecting property name enclosed in double quotes",
        "corpus.jsonl:6: id: duplicate document id 'd3', first at corpus.jsonl:3",
        "qrels/test.tsv:2: query-id: 'q1' stands in train too, at qrels/train.tsv:2",
        "qrels/test.tsv:3: must be query-id, corpus-id, score between tabs, not 'q2 d1 1'",
        "qrels/test.tsv:4: score: must be a whole number, not 'high'",
        "qrels/train.tsv:3: score: 'q1' and 'd1' are judged 1 and 2",
        "qrels/train.tsv:4: corpus-id: names no document: 'd9'",
        "qrels/train.tsv:8: query-id: names no query: 'q9'",
        "queries.jsonl:2: answers: question 'q2' has no answer; give one, or set answerable to false",
        "queries.jsonl:3: metadata: must be text, a number or a list of them, not dict",
        "queries.jsonl:4: text: must be a valid string, not 4",
        "queries.jsonl:5: id: duplicate question id 'q1', first at queries.jsonl:1",
    ]


def test_missing_folder_and_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere: folder: no such folder"):
        _load(tmp_path / "nowhere")
    assert _problems(tmp_path) == [
        "corpus.jsonl: folder: no such file",
        "qrels: holds none of train.tsv, dev.tsv, test.tsv",
        "queries.jsonl: folder: no such file",
    ]


def test_empty_corpus_is_named(tmp_path: Path) -> None:
    root = _set(tmp_path, [{"_id": "q1", "text": "?"}], {"test": HEADER + "q1\td1\t1\n"}, corpus=[])
    assert _problems(root) == ["corpus.jsonl: the corpus is empty"]


def test_set_without_a_judged_query_is_named(tmp_path: Path) -> None:
    root = _set(tmp_path, [{"_id": "q1", "text": "?"}], {"test": HEADER})
    assert _problems(root) == ["queries.jsonl: holds no query that is judged"]
