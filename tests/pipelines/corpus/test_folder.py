"""A folder of documents and a file of questions."""

import csv
import json
import tempfile
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.corpus import datasets
from pipelines.corpus.splits import SplitFractions, split_of
from pipelines.errors import UserError
from pipelines.records import Dataset, Document, Question, Span

TOWER = "# The tower\n\nIt was built in 1904.\nIt is 96 m high."


def _folder(root: Path, documents: dict[str, str | bytes], rows: list[Any] | str, name: str = "q.jsonl") -> Path:
    for path, content in documents.items():
        target = root / "docs" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
    text = rows if isinstance(rows, str) else "".join(json.dumps(row) + "\n" for row in rows)
    (root / name).write_text(text, encoding="utf-8")
    return root


def _load(root: Path, name: str = "q.jsonl", **options: Any) -> Dataset:
    config = {"kind": "folder", "documents": str(root / "docs"), "questions": str(root / name), **options}
    return datasets.build(datasets.parse(config))()


def _problems(root: Path, name: str = "q.jsonl", **options: Any) -> list[str]:
    with pytest.raises(UserError) as caught:
        _load(root, name, **options)
    return str(caught.value).replace(f"{root}/", "").split("\n")


def test_every_field_of_a_question_row_is_read(tmp_path: Path) -> None:
    row = {
        "id": "q1",
        "question": "How high is the tower?",
        "answer": "96 m",
        "answers": ["96 metres", "96 m"],
        "split": "dev",
        "gold": [{"document": "a/tower.md", "start": 13, "end": 34}, {"document": "a/tower.md", "text": "96 m high."}],
        "track": "only_in_documents",
        "kind": "numeric",
        "fact_ids": ["height"],
        "answerable": True,
    }
    dataset = _load(_folder(tmp_path, {"a/tower.md": TOWER}, [row]), name="q.jsonl", language="de")
    assert dataset == Dataset(
        name="docs",
        documents=(Document("a/tower.md", TOWER, "The tower"),),
        questions=(
            Question(
                id="q1",
                text="How high is the tower?",
                answers=("96 m", "96 metres"),
                split="dev",
                gold=(Span("a/tower.md", 13, 34), Span("a/tower.md", 41, 51)),
                track="only_in_documents",
                kind="numeric",
                fact_ids=("height",),
            ),
        ),
        language="de",
    )


def test_csv_says_the_same_as_jsonl(tmp_path: Path) -> None:
    rows = (
        "id,question,answers,split,gold_document,gold_text,fact_ids,answerable\n"
        'q1,"How high, in m?",96 | 96 m,test,tower.md,It is 96 m high.,a|b,TRUE\n'
        "q2,Who owns it?,,train,,,,false\n"
    )
    root = _folder(tmp_path, {"tower.md": TOWER}, rows, "q.csv")
    assert _load(root, "q.csv").questions == (
        Question("q1", "How high, in m?", ("96", "96 m"), "test", (Span("tower.md", 35, 51),), fact_ids=("a", "b")),
        Question("q2", "Who owns it?", (), "train", answerable=False),
    )


def test_question_without_id_and_split_gets_both_from_its_text(tmp_path: Path) -> None:
    rows = [{"question": "How high?", "answer": "96 m"}]
    (question,) = _load(_folder(tmp_path, {"tower.md": TOWER}, rows)).questions
    assert question.id == "9736695576a009c5"  # blake2b("How high?", 8 bytes)
    assert question.split == split_of(question.id, SplitFractions(), 0)
    assert question.gold == ()


def test_gold_without_offsets_is_the_whole_document(tmp_path: Path) -> None:
    rows = [{"question": "?", "answer": "a", "gold": [{"document": "tower.md"}]}]
    assert _load(_folder(tmp_path, {"tower.md": TOWER}, rows)).questions[0].gold == (Span("tower.md", 0, 51),)


def test_documents_are_sorted_and_hidden_files_and_the_questions_file_are_no_documents(tmp_path: Path) -> None:
    documents: dict[str, str | bytes] = {"b.txt": "b", "a/z.md": "z", ".git/x.txt": "x", ".hidden.md": "x"}
    root = _folder(tmp_path, documents, "question,answer\nWhat?,b\n", "docs.csv")
    (root / "docs.csv").rename(root / "docs" / "q.csv")
    dataset = _load(root, "docs/q.csv")
    assert [(document.id, document.title) for document in dataset.documents] == [("a/z.md", "z"), ("b.txt", "b")]


def test_every_bad_document_and_row_is_named_at_once(tmp_path: Path) -> None:
    documents: dict[str, str | bytes] = {
        "tower.md": TOWER,
        "empty.txt": " \n",
        "latin.txt": b"caf\xe9",
        "photo.png": b"\x89PNG",
    }
    good = {"question": "Good?", "answer": "a"}
    rows = [
        {**good, "anwser": "a"},
        {**good, "question": 5},
        {"id": "q3", "question": " ", "answer": "a"},
        {"id": "q4", "question": "No answer?"},
        {**good, "id": "q5", "split": "tset"},
        {**good, "id": "q6", "gold": [{"document": "towr.md"}]},
        {**good, "id": "q7", "gold": [{"document": "tower.md", "text": "It was pulled down."}]},
        {**good, "id": "q8", "gold": [{"document": "tower.md", "start": 40, "end": 99}]},
        {**good, "id": "q9", "gold": [{"document": "tower.md", "start": 4, "end": 4}]},
        {**good, "id": "q10", "gold": [{"documnt": "tower.md"}]},
        {**good, "id": "q11", "gold": [{"document": "tower.md", "start": 4}]},
        {**good, "id": "q11", "gold": [{"document": "latin.txt"}]},
    ]
    lines = _problems(_folder(tmp_path, documents, rows))
    assert [line for line in lines if line.startswith("q.jsonl")] == [
        "q.jsonl:1: anwser: unknown field; did you mean 'answer'?",
        "q.jsonl:2: question: must be a valid string, not 5",
        "q.jsonl:3: question: question 'q3' has no text",
        "q.jsonl:4: answers: question 'q4' has no answer; give one, or set answerable to false",
        "q.jsonl:5: split: must be 'train', 'dev' or 'test', not 'tset'",
        "q.jsonl:6: gold[0].document: names no document: 'towr.md'; did you mean 'tower.md'?",
        "q.jsonl:7: gold[0].text: does not stand in 'tower.md'",
        "q.jsonl:8: gold: the span [40, 99) is outside 'tower.md', which has 51 characters",
        "q.jsonl:9: gold: the span [4, 4) of 'tower.md' is empty",
        "q.jsonl:10: gold[0].document: missing field; found 'documnt', did you mean 'document'?",
        "q.jsonl:11: gold[0]: give both start and end, or neither",
        "q.jsonl:12: id: duplicate question id 'q11', first at q.jsonl:11",
    ]
    assert [line.split(" (or set")[0][:44] for line in lines if line.startswith("docs")] == [
        "docs/empty.txt: holds no text",
        "docs/latin.txt: not UTF-8 at byte 3; save th",
        "docs/photo.png: unsupported file type .png; ",
    ]


def test_skip_unreadable_leaves_bad_files_out(tmp_path: Path) -> None:
    documents: dict[str, str | bytes] = {"tower.md": TOWER, "photo.png": b"\x89PNG", "latin.txt": b"caf\xe9"}
    root = _folder(tmp_path, documents, [{"question": "?", "answer": "a"}])
    assert [document.id for document in _load(root, skip_unreadable=True).documents] == ["tower.md"]


def test_gold_that_names_a_skipped_document_is_a_problem(tmp_path: Path) -> None:
    rows = [{"question": "?", "answer": "a", "gold": [{"document": "photo.png"}]}]
    root = _folder(tmp_path, {"tower.md": TOWER, "photo.png": b"\x89PNG"}, rows)
    assert _problems(root, skip_unreadable=True) == ["q.jsonl:1: gold[0].document: names no document: 'photo.png'"]


def test_missing_folder_and_file_are_both_named(tmp_path: Path) -> None:
    assert _problems(tmp_path) == ["docs: documents: no such folder", "q.jsonl: questions: no such file"]


def test_empty_folder_is_an_empty_corpus(tmp_path: Path) -> None:
    root = _folder(tmp_path, {}, [{"question": "?", "answer": "a"}])
    (root / "docs").mkdir()
    assert _problems(root) == ["docs: documents: the corpus is empty"]


def test_file_without_questions_is_named(tmp_path: Path) -> None:
    assert _problems(_folder(tmp_path, {"tower.md": TOWER}, "")) == ["q.jsonl: questions: there is no question"]


def test_other_question_formats_are_refused(tmp_path: Path) -> None:
    root = _folder(tmp_path, {"tower.md": TOWER}, "[]", "q.json")
    assert _problems(root, "q.json") == ["q.json: questions: must be a .jsonl or .csv file"]


def test_csv_problems_name_line_and_column(tmp_path: Path) -> None:
    root = _folder(tmp_path, {"tower.md": TOWER}, "qestion,answer\n?,a\n", "header.csv")
    assert _problems(root, "header.csv") == [
        "header.csv:1: qestion: unknown column; did you mean 'question'?",
    ]
    rows = "question,answer,answerable,gold_text\n?,a,perhaps,\n,b,,\nWhere?,c,,96 m\n"
    assert _problems(_folder(tmp_path, {}, rows, "rows.csv"), "rows.csv") == [
        "rows.csv:2: answerable: must be a valid boolean, not 'perhaps'",
        "rows.csv:3: question: missing field",
        "rows.csv:4: gold[0].document: missing field",
    ]


def _write(dataset: Dataset, root: Path) -> None:
    """The folder layout of a dataset."""
    rows = [
        {
            "id": question.id,
            "question": question.text,
            "answers": list(question.answers),
            "split": question.split,
            "gold": [{"document": span.document_id, "start": span.start, "end": span.end} for span in question.gold],
            "relevance": dict(question.relevance),
            "track": question.track,
            "kind": question.kind,
            "fact_ids": list(question.fact_ids),
            "answerable": question.answerable,
        }
        for question in dataset.questions
    ]
    _folder(root, {document.id: document.text for document in dataset.documents}, rows)


_word = st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=1, max_size=6).map(str.casefold)
_sentence = st.lists(_word, min_size=1, max_size=6).map(" ".join)


@st.composite
def _datasets(draw: st.DrawFn) -> Dataset:
    texts = draw(st.lists(_sentence, min_size=1, max_size=4))
    documents = tuple(
        Document(f"{n % 2}/{n}.txt", normalize("NFC", text), title=str(n)) for n, text in enumerate(texts)
    )
    documents = tuple(sorted(documents, key=lambda document: document.id))
    questions = []
    for number in range(draw(st.integers(1, 4))):
        document = draw(st.sampled_from(documents))
        start = draw(st.integers(0, len(document.text) - 1))
        end = draw(st.integers(start + 1, len(document.text)))
        answerable = draw(st.booleans())
        questions.append(
            Question(
                id=f"q{number}",
                text=draw(_sentence),
                answers=tuple(draw(st.lists(_sentence, min_size=1, max_size=3, unique=True))) if answerable else (),
                split=draw(st.sampled_from(["train", "dev", "test"])),
                gold=(Span(document.id, start, end),) if answerable else (),
                relevance=draw(st.sampled_from([{}, {document.id: 2}])),
                track=draw(st.sampled_from(["", "task"])),
                kind=draw(st.sampled_from(["", "numeric"])),
                fact_ids=tuple(draw(st.lists(_word, max_size=2))),
                answerable=answerable,
            )
        )
    return Dataset("made", documents, tuple(questions))


@settings(max_examples=60, deadline=None)
@given(_datasets())
def test_dataset_written_as_folder_is_loaded_back_equal(dataset: Dataset) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _write(dataset, Path(folder))
        assert _load(Path(folder), name="q.jsonl", **{"language": "en"}) == Dataset(
            "docs", dataset.documents, dataset.questions
        )


def test_csv_cells_with_quotes_and_line_breaks_survive(tmp_path: Path) -> None:
    root = _folder(tmp_path, {"tower.md": TOWER}, "", "q.csv")
    with (root / "q.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["question", "answer"], ['Who said "up",\nand when?', "Ada, 1904"]])
    (question,) = _load(root, "q.csv").questions
    assert (question.text, question.answers) == ('Who said "up",\nand when?', ("Ada, 1904",))


def test_metadata_file_gives_documents_their_fields_by_path_or_pattern(tmp_path: Path) -> None:
    asked = {"question": "How high?", "answer": "96 m", "split": "test", "metadata": {"groups": "hr"}}
    root = _folder(tmp_path, {"hr/pay.md": "Pay is paid.", "hr/leave.md": "Leave is long.", "open.md": TOWER}, [asked])
    rows = [{"document": "hr/*", "groups": "hr", "year": 2025}, {"document": "hr/leave.md", "groups": "hr, all"}]
    (root / "fields.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    dataset = _load(root, metadata=str(root / "fields.jsonl"))
    fields = {document.id: dict(document.metadata) for document in dataset.documents}
    assert fields == {
        "hr/leave.md": {"groups": "hr, all", "year": "2025"},
        "hr/pay.md": {"groups": "hr", "year": "2025"},
        "open.md": {},
    }
    assert dataset.questions[0].metadata == {"groups": "hr"}


def test_metadata_that_names_no_document_or_holds_a_list_is_a_problem(tmp_path: Path) -> None:
    root = _folder(tmp_path, {"open.md": TOWER}, [{"question": "How high?", "answer": "96 m", "split": "test"}])
    rows = [{"document": "opn.md", "groups": "hr"}, {"document": "open.md", "groups": ["hr"]}]
    (root / "fields.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert _problems(root, metadata=str(root / "fields.jsonl")) == [
        "fields.jsonl:1: document: names no document: 'opn.md'; did you mean 'open.md'?",
        "fields.jsonl:2: groups: must be a text or a number, not list",
    ]
    assert _problems(root, metadata=str(root / "none.jsonl"))[0] == "none.jsonl: metadata: no such file"
