"""Evaluation data in files: pairs with a similarity, BEIR folders, texts with labels."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.corpus import datasets
from pipelines.corpus.rows import exists, read_jsonl, read_lines
from pipelines.corpus.validation import Problem, raise_problems
from pipelines.records import Chunk, Dataset, Question

CANDIDATES = 100
"""Documents that BM25 hands to a reranking task."""


@dataclass(frozen=True)
class Tasks:
    """The files to score on, each a task; its name is the file's or folder's."""

    sts: Sequence[Path] = ()
    retrieval: Sequence[Path] = ()
    reranking: Sequence[Path] = ()
    clustering: Sequence[Path] = ()
    classification: Sequence[Path] = ()


@dataclass(frozen=True)
class Pairs:
    """Sentence pairs with a similarity between 0 and 5."""

    first: list[str]
    second: list[str]
    scores: list[float]


@dataclass(frozen=True)
class LabelledTexts:
    """Texts with a label each."""

    texts: list[str]
    labels: list[str]


@dataclass(frozen=True)
class Judged:
    """A corpus, the judged test questions on it, and where something is to be reranked the candidates of each."""

    dataset: Dataset
    questions: tuple[Question, ...]
    candidates: Mapping[str, list[str]]


def read_pairs(path: Path) -> Pairs:
    """A CSV file without a header: sentence, sentence, similarity (STS-B). ``UserError`` lists every bad row."""
    problems: list[Problem] = []
    pairs = Pairs([], [], [])
    if exists(path, "sts", problems):
        rows = csv.reader([f"{line}\n" for _, line in read_lines(path, problems)])
        for row in rows:
            try:
                first, second, score = row
                pairs.scores.append(float(score))
            except ValueError:
                last = row[-1] if row else ""
                what = f"must be sentence,sentence,similarity, not {len(row)} cells ending in {last!r}"
                problems.append(Problem(str(path), rows.line_num, "", what))
                continue
            pairs.first.append(first)
            pairs.second.append(second)
    raise_problems(problems)
    return pairs


def read_labelled(path: Path) -> LabelledTexts:
    """JSON Lines with ``text`` and ``label``. ``UserError`` lists every bad row."""
    problems: list[Problem] = []
    found = LabelledTexts([], [])
    if exists(path, "file", problems):
        for place, row in read_jsonl(path, problems):
            missing = [name for name in ("text", "label") if not _filled(row.get(name))]
            problems += [Problem(*place, name, "must be given") for name in missing]
            if not missing:
                found.texts.append(str(row["text"]))
                found.labels.append(str(row["label"]))
    raise_problems(problems)
    return found


def read_judged(folder: Path, *, rerank: bool = False) -> Judged:
    """A BEIR folder; under ``rerank`` with the documents that BM25 finds first for each question. Raises ``UserError``
    as the dataset kind beir does."""
    dataset = datasets.build(datasets.parse({"kind": "beir", "folder": str(folder)}))()
    questions = tuple(one for one in dataset.split("test") if any(grade > 0 for grade in one.judgements.values()))
    return Judged(dataset, questions, _candidates(dataset, questions) if rerank else {})


def _candidates(dataset: Dataset, questions: Sequence[Question]) -> dict[str, list[str]]:
    from tempfile import TemporaryDirectory

    from pipelines.retrieval import retrievers

    texts = [f"{document.title}\n{document.text}".strip() for document in dataset.documents]
    chunks = [
        Chunk(document.id, document.id, 0, len(document.text), document.text, text)
        for document, text in zip(dataset.documents, texts, strict=True)
    ]
    bm25 = retrievers.build(retrievers.parse("bm25"), dataset.language)
    with TemporaryDirectory() as folder:
        bm25.build(chunks, Path(folder))
        found = bm25.open(chunks, Path(folder), ())([question.text for question in questions], CANDIDATES)
    return {question.id: list(hits.chunk_ids) for question, hits in zip(questions, found, strict=True)}


def _filled(value: Any) -> bool:
    return isinstance(value, str | int) and bool(str(value).strip())
