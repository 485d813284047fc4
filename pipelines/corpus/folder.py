"""Your own data: a folder of documents and a file of questions."""

import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipelines.corpus import Loader, datasets
from pipelines.corpus.passages import locate
from pipelines.corpus.rows import exists, read_csv, read_jsonl
from pipelines.corpus.splits import CorpusConfig, split_of
from pipelines.corpus.validation import Place, Problem, check, did_you_mean, parse_row, raise_problems
from pipelines.errors import UserError
from pipelines.records import Dataset, Document, Question, Span

logger = logging.getLogger(__name__)


class FolderDataset(CorpusConfig):
    """A folder of documents and a file of questions.

    The id of a document is its path inside the folder, with ``/``. Files and folders whose name starts with a dot are
    left out, and so are the files of questions and metadata where they lie inside the folder.
    """

    kind: Literal["folder"] = "folder"
    documents: Path = Field(description="Folder of documents, searched recursively.")
    questions: Path = Field(description="File of questions: .jsonl or .csv, one question a row.")
    metadata: Path | None = Field(
        None,
        description="File of document metadata for filters (.jsonl): a row holds a document's path or a pattern such "
        "as hr/*, and its fields; of rows that match one document the later ones win.",
    )
    skip_unreadable: bool = Field(
        False, description="Leave out files that cannot be read as documents, instead of stopping with their names."
    )


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Gold(_Row):
    document: str
    start: int | None = None
    end: int | None = None
    text: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.start is None) != (self.end is None):
            raise ValueError("give both start and end, or neither")
        if self.text is not None and self.start is not None:
            raise ValueError("give start and end, or text, not both")
        return self


class _QuestionRow(_Row):
    id: str | None = None
    question: str
    answer: str | None = None
    answers: list[str] = []
    split: Literal["train", "dev", "test"] | None = None
    gold: list[Any] = []
    relevance: dict[str, int] = {}
    track: str = ""
    kind: str = ""
    fact_ids: list[str] = []
    answerable: bool = True
    metadata: dict[str, str] = {}


class _MetadataRow(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)
    document: str


_PLAIN = [name for name in _QuestionRow.model_fields if name not in ("gold", "relevance", "metadata")]
_CSV_COLUMNS = (*_PLAIN, "gold_document", "gold_text")


@datasets.kind(FolderDataset)
def folder(config: FolderDataset) -> Loader:
    """Load documents and questions. ``UserError`` lists everything wrong with either."""

    def load() -> Dataset:
        problems: list[Problem] = []
        there = exists(config.documents, "documents", problems, folder=True)
        asked = exists(config.questions, "questions", problems)
        documents, unread = read_documents(config, problems) if there else ([], set())
        if config.metadata is not None and exists(config.metadata, "metadata", problems):
            fields = _metadata(config.metadata, [document.id for document, _ in documents], problems)
            documents = [
                (replace(document, metadata=fields.get(document.id, {})), place) for document, place in documents
            ]
        by_id = {document.id: document for document, _ in documents}
        known = by_id.keys() | unread
        questions = list(_questions(config, by_id, known, problems)) if asked else []
        dataset = Dataset(
            name=config.name or config.documents.resolve().name,
            documents=tuple(document for document, _ in documents),
            questions=tuple(question for question, _ in questions),
            language=config.language,
            licence=config.licence,
        )
        places = [place for _, place in documents], [place for _, place in questions]
        if there and not documents and not unread:
            problems.append(Problem(str(config.documents), None, "documents", "the corpus is empty"))
        elif asked and not questions and not problems:
            problems.append(Problem(str(config.questions), None, "questions", "there is no question"))
        elif documents and questions:
            problems += check(dataset, *places, also_known=unread)
        raise_problems(problems)
        return dataset

    return load


def read_documents(config: FolderDataset, problems: list[Problem]) -> tuple[list[tuple[Document, Place]], set[str]]:
    """Documents with their files, sorted by id, and the ids of those that could not be read."""
    from pipelines.corpus.parsing import parse_file

    documents: list[tuple[Document, Place]] = []
    unread: set[str] = set()
    for path in _files(config.documents, {config.questions, config.metadata}):
        identifier = path.relative_to(config.documents).as_posix()
        shown = os.fsencode(path).decode("utf-8", "backslashreplace")
        try:
            if shown != str(path):
                raise UserError(f"{shown}: the name is not UTF-8; rename the file")
            text = parse_file(path)
        except UserError as error:
            message = str(error).removeprefix(f"{shown}: ")
            if config.skip_unreadable:
                logger.info("left out %s: %s", shown, message)
            else:
                unread.add(identifier)
                problems.append(Problem(shown, None, "", f"{message} (or set skip_unreadable: true)"))
            continue
        documents.append((Document(identifier, text, title_of(text, path)), Place(str(path))))
    return documents, unread


def _metadata(path: Path, documents: Sequence[str], problems: list[Problem]) -> dict[str, dict[str, str]]:
    """The fields of each document that the file names."""
    fields: dict[str, dict[str, str]] = {}
    for place, values in read_jsonl(path, problems):
        row = parse_row(_MetadataRow, values, place, problems)
        if row is None:
            continue
        given = row.model_extra or {}
        for name, value in given.items():
            if not isinstance(value, str | int | float):
                problems.append(Problem(*place, name, f"must be a text or a number, not {type(value).__name__}"))
        named = [identifier for identifier in documents if fnmatchcase(identifier, row.document)]
        if not named and documents:
            message = f"names no document: {row.document!r}{did_you_mean(row.document, documents)}"
            problems.append(Problem(*place, "document", message))
        for identifier in named:
            fields.setdefault(identifier, {}).update({name: str(value) for name, value in given.items()})
    return fields


def _files(folder: Path, others: set[Path | None]) -> list[Path]:
    apart = {path.resolve() for path in others if path is not None}
    paths = (path for path in folder.rglob("*") if path.is_file() and path.resolve() not in apart)
    visible = (path for path in paths if not any(part.startswith(".") for part in path.relative_to(folder).parts))
    return sorted(visible, key=lambda path: path.relative_to(folder).as_posix())


def title_of(text: str, path: Path) -> str:
    """The first Markdown heading where the text opens with one, otherwise the file's name without its suffix."""
    heading = re.match(r"\s*#{1,6}[ \t]+(\S.*)", text)
    return heading[1].rstrip("# \t\r") if heading else path.stem


def _questions(
    config: FolderDataset, documents: Mapping[str, Document], known: set[str], problems: list[Problem]
) -> Iterator[tuple[Question, Place]]:
    for place, values in _question_rows(config.questions, problems):
        row = parse_row(_QuestionRow, values, place, problems)
        if row is None:
            continue
        identifier = row.id or blake2b(row.question.strip().encode(), digest_size=8).hexdigest()
        answers = ([row.answer] if row.answer is not None else []) + row.answers
        yield (
            Question(
                id=identifier,
                text=row.question,
                answers=tuple(dict.fromkeys(answers)),
                split=row.split or split_of(identifier, config.split_fractions, config.split_seed),
                gold=tuple(_gold(row.gold, place, documents, known, problems)),
                relevance=row.relevance,
                track=row.track,
                kind=row.kind,
                fact_ids=tuple(row.fact_ids),
                answerable=row.answerable,
                metadata=row.metadata,
            ),
            place,
        )


def _question_rows(path: Path, problems: list[Problem]) -> Iterator[tuple[Place, dict[str, Any]]]:
    if path.suffix.lower() == ".jsonl":
        yield from read_jsonl(path, problems)
    elif path.suffix.lower() == ".csv":
        for place, cells in read_csv(path, _CSV_COLUMNS, ("question",), problems):
            yield place, _from_cells(cells)
    else:
        problems.append(Problem(str(path), None, "questions", "must be a .jsonl or .csv file"))


def _from_cells(cells: Mapping[str, str]) -> dict[str, Any]:
    """A CSV row as a JSON Lines row would hold it."""
    row: dict[str, Any] = {name: cell for name, cell in cells.items() if not name.startswith("gold_")}
    for name in ("answers", "fact_ids"):
        if name in row:
            row[name] = [part.strip() for part in row[name].split("|")]
    if "answerable" in row:
        row["answerable"] = {"true": True, "false": False}.get(row["answerable"].strip().lower(), row["answerable"])
    if "gold_document" in cells:
        row["gold"] = [{"document": cells["gold_document"]}]
        if "gold_text" in cells:
            row["gold"][0]["text"] = cells["gold_text"]
    elif "gold_text" in cells:
        row["gold"] = [{"text": cells["gold_text"]}]
    return row


def _gold(
    rows: Sequence[Any], place: Place, documents: Mapping[str, Document], known: set[str], problems: list[Problem]
) -> Iterator[Span]:
    for number, values in enumerate(rows):
        field = f"gold[{number}]"
        gold = parse_row(_Gold, values, place, problems, within=field)
        if gold is None:
            continue
        if gold.document not in documents:
            if documents and gold.document not in known:
                hint = did_you_mean(gold.document, documents)
                problems.append(Problem(*place, f"{field}.document", f"names no document: {gold.document!r}{hint}"))
            continue
        text = documents[gold.document].text
        if gold.text is not None:
            located = locate(gold.text, text)
            if located is None:
                problems.append(Problem(*place, f"{field}.text", f"does not stand in {gold.document!r}"))
                continue
            yield Span(gold.document, *located)
        elif gold.start is not None and gold.end is not None:
            yield Span(gold.document, gold.start, gold.end)
        else:
            yield Span(gold.document, 0, len(text))
