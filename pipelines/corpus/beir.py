"""Sets in the BEIR layout (Thakur et al. 2021): ``corpus.jsonl``, ``queries.jsonl`` and graded ``qrels/*.tsv``.

Answers, where a set has them, stand in the queries' ``metadata``; what is understood there:

- ``answers`` or ``answer`` (a string, a number or a list), with ``answer_aliases`` or ``aliases``: each is accepted;
- ``answer_type: multi-span``: the list is one answer in several parts, joined by ``", "``;
- ``scale`` (``thousand``, ``million``, ``percent``...): the unit a numeric answer is in (TAT-QA);
- ``decomposition``: steps of a multi-hop question, whose answers mark the passages of the earlier hops (MuSiQue);
- ``kind``, ``type``, ``answer_type`` or ``hops``: the sort of question (``yes_no`` where the answer is such a label);
- ``track`` and ``answerable``.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field

from pipelines.corpus import Loader, datasets
from pipelines.corpus.answers import LABELS, accepted_answers, strings_to_find
from pipelines.corpus.passages import GoldUnit, supporting_span
from pipelines.corpus.rows import exists, read_jsonl, read_lines
from pipelines.corpus.splits import CorpusConfig, complete_splits
from pipelines.corpus.validation import SPLITS, Place, Problem, check, did_you_mean, parse_row, raise_problems
from pipelines.records import Dataset, Document, Question, Split


class BeirDataset(CorpusConfig):
    """A folder in the BEIR layout, with answers in the queries' metadata where there are any.

    The published splits are kept; one that is missing is cut from train, and a set with one split is divided.
    Queries without judgements are left out, as BEIR's own loader does.
    """

    kind: Literal["beir"] = "beir"
    folder: Path = Field(description="Folder with corpus.jsonl, queries.jsonl and qrels/{train,dev,test}.tsv.")
    gold_unit: GoldUnit = Field(
        "paragraph", description="How much around an answer is the gold passage; the document where no answer stands."
    )
    require_scale: bool = Field(
        True, description="A numeric answer needs its scale (million, percent), as in TAT-QA's scorer; else both pass."
    )


class _DocumentRow(BaseModel):
    id: str = Field(alias="_id", min_length=1)
    title: str = ""
    text: str
    metadata: dict[str, Any] = {}


class _QueryRow(BaseModel):
    id: str = Field(alias="_id", min_length=1)
    text: str
    metadata: dict[str, Any] = {}


Judgements = dict[str, tuple[Split, dict[str, int], Place]]
"""By query id: its split, grades by document id, and the first line that judges it."""


@datasets.kind(BeirDataset)
def beir(config: BeirDataset) -> Loader:
    """Load a BEIR folder. ``UserError`` lists every bad row of all its files."""

    def load() -> Dataset:
        problems: list[Problem] = []
        if not exists(config.folder, "folder", problems, folder=True):
            raise_problems(problems)
        documents, unread = _documents(config.folder / "corpus.jsonl", problems)
        by_id = {document.id: document for document, _ in documents}
        judged = _judgements(config.folder / "qrels", by_id.keys() | unread, problems)
        questions, known = _questions(config, by_id, judged, problems)
        for query_id in judged.keys() - known:
            place = judged[query_id][2]
            hint = did_you_mean(query_id, known)
            problems.append(Problem(*place, "query-id", f"names no query: {query_id!r}{hint}"))
        dataset = Dataset(
            name=config.name or config.folder.resolve().name,
            documents=tuple(document for document, _ in documents),
            questions=complete_splits(
                [question for question, _ in questions], config.split_fractions, config.split_seed
            ),
            language=config.language,
            licence=config.licence,
        )
        if documents and questions:
            places = [place for _, place in documents], [place for _, place in questions]
            problems += check(dataset, *places, also_known=unread)
        elif not problems:
            problems.append(Problem(str(config.folder / "queries.jsonl"), None, "", "holds no query that is judged"))
        raise_problems(problems)
        return dataset

    return load


def _documents(path: Path, problems: list[Problem]) -> tuple[list[tuple[Document, Place]], set[str]]:
    documents: list[tuple[Document, Place]] = []
    unread: set[str] = set()
    if not exists(path, "folder", problems):
        return documents, unread
    for place, values in read_jsonl(path, problems):
        row = parse_row(_DocumentRow, values, place, problems)
        if row is None:
            unread.add(str(values.get("_id", "")))
        else:
            # Some sets hold documents that are a title alone.
            text = row.text if row.text.strip() else row.title
            fields = {name: str(value) for name, value in row.metadata.items()}
            documents.append((Document(row.id, text, row.title, fields), place))
    if not documents and not unread:
        problems.append(Problem(str(path), None, "", "the corpus is empty"))
    return documents, unread


def _judgements(folder: Path, known: set[str], problems: list[Problem]) -> Judgements:
    """``known`` are the ids of all documents; a row that names another is a problem and left out."""
    judged: Judgements = {}
    paths = [(split, folder / f"{split}.tsv") for split in SPLITS if (folder / f"{split}.tsv").is_file()]
    if not paths:
        problems.append(Problem(str(folder), None, "", "holds none of train.tsv, dev.tsv, test.tsv"))
    for split, path in paths:
        for place, query_id, document_id, grade in _qrels(path, problems):
            if known and document_id not in known:
                message = f"names no document: {document_id!r}{did_you_mean(document_id, known)}"
                problems.append(Problem(*place, "corpus-id", message))
                continue
            first_split, grades, first = judged.setdefault(query_id, (split, {}, place))
            if first_split != split:
                message = f"{query_id!r} stands in {first_split} too, at {first.file}:{first.line}"
                problems.append(Problem(*place, "query-id", message))
            elif grades.setdefault(document_id, grade) != grade:
                message = f"{query_id!r} and {document_id!r} are judged {grades[document_id]} and {grade}"
                problems.append(Problem(*place, "score", message))
    return judged


def _qrels(path: Path, problems: list[Problem]) -> Iterator[tuple[Place, str, str, int]]:
    for number, line in read_lines(path, problems):
        cells = line.split("\t")
        if not line.strip() or (number == 1 and cells[-1].strip().lower() == "score"):
            continue
        place = Place(str(path), number)
        if len(cells) != 3:
            problems.append(Problem(*place, "", f"must be query-id, corpus-id, score between tabs, not {line[:60]!r}"))
            continue
        try:
            yield place, cells[0], cells[1], int(cells[2])
        except ValueError:
            problems.append(Problem(*place, "score", f"must be a whole number, not {cells[2]!r}"))


def _questions(
    config: BeirDataset, documents: dict[str, Document], judged: Judgements, problems: list[Problem]
) -> tuple[list[tuple[Question, Place]], set[str]]:
    """The judged queries as questions, and the ids of all queries."""
    questions: list[tuple[Question, Place]] = []
    known: set[str] = set()
    path = config.folder / "queries.jsonl"
    if not exists(path, "folder", problems):
        return questions, set(judged)
    for place, values in read_jsonl(path, problems):
        row = parse_row(_QueryRow, values, place, problems)
        known.add(str(values.get("_id", "")) if row is None else row.id)
        if row is not None and row.id in judged:
            split, grades, _ = judged[row.id]
            try:
                questions.append((_question(row, split, grades, documents, config), place))
            except ValueError as error:
                problems.append(Problem(*place, "metadata", str(error)))
    return questions, known


def _question(
    row: _QueryRow, split: Split, grades: dict[str, int], documents: dict[str, Document], config: BeirDataset
) -> Question:
    """Raises ``ValueError`` where the metadata hold no usable answer."""
    metadata = row.metadata
    answerable = metadata.get("answerable", True)
    if not isinstance(answerable, bool):
        raise ValueError(f"answerable must be true or false, not {answerable!r}")
    wanted = strings_to_find(metadata)
    relevant = [document_id for document_id, grade in grades.items() if grade > 0 and answerable]
    answers = accepted_answers(metadata, config.require_scale) if answerable else ()
    labelled = answers and LABELS.issuperset(answer.lower() for answer in answers)
    named = [metadata[name] for name in ("kind", "type", "answer_type", "hops") if metadata.get(name)]
    return Question(
        id=row.id,
        text=row.text,
        answers=answers,
        split=split,
        gold=tuple(
            supporting_span(documents[document_id], wanted, config.gold_unit)
            for document_id in relevant
            if document_id in documents
        ),
        relevance=grades,
        track=str(metadata.get("track", "")),
        kind=str(named[0]) if named else "yes_no" if labelled else "",
        answerable=answerable,
    )
