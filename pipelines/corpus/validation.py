"""Every problem of a dataset at once, one line each: ``file:line: field: message``.

A loader collects problems while it reads rows, adds those ``check`` finds in the dataset, and raises all together.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NamedTuple, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from pipelines.errors import UserError
from pipelines.records import Dataset, Document, Question, Split

Model = TypeVar("Model", bound=BaseModel)

SPLITS: tuple[Split, ...] = get_args(Split)


class Place(NamedTuple):
    """Where a row came from; ``line`` counts from 1 and is None where the file has no lines (a PDF, a whole set)."""

    file: str
    line: int | None = None


@dataclass(frozen=True)
class Problem:
    """One thing to put right."""

    file: str
    line: int | None
    field: str
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return ": ".join(part for part in (place, self.field, self.message) if part)


def raise_problems(problems: Iterable[Problem]) -> None:
    """Raise ``UserError`` listing every problem, one a line, in order of file and line; do nothing where none is."""
    ordered = sorted(dict.fromkeys(problems), key=lambda problem: (problem.file, problem.line or 0))
    if ordered:
        raise UserError("\n".join(str(problem) for problem in ordered))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'answer'?`` for the nearest known word, empty where none is near."""
    words = list(known)
    # Among the ids of a large corpus one is always near, and thousands of bad rows would search it for minutes.
    near = get_close_matches(word, words, n=1) if len(words) <= 1000 else []
    return f"; did you mean {near[0]!r}?" if near else ""


def parse_row(model: type[Model], values: Any, place: Place, problems: list[Problem], within: str = "") -> Model | None:
    """Validate one row. Problems are appended, with the path of the field under ``within``, and None is returned."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        details = error.errors(include_url=False)
        # A misspelt field that must be there is both missing and unknown; one line says so.
        misspelt = {(*detail["loc"][:-1], _nearest(detail)) for detail in details if detail["type"] == "missing"}
        for detail in details:
            if detail["type"] == "extra_forbidden" and detail["loc"] in misspelt:
                continue
            field = _path((within, *detail["loc"]))
            problems.append(Problem(*place, field, _message(detail, model)))
        return None


def _path(parts: Iterable[int | str]) -> str:
    path = ""
    for part in parts:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def _message(detail: Any, model: type[BaseModel]) -> str:
    name = str(detail["loc"][-1]) if detail["loc"] else ""
    if detail["type"] == "extra_forbidden":
        # Only the row's own fields are known by name here; a nested row lists none.
        known = model.model_fields if len(detail["loc"]) == 1 else ()
        return f"unknown field{did_you_mean(name, known)}"
    if detail["type"] == "missing":
        near = _nearest(detail)
        return f"missing field; found {near!r}, did you mean {name!r}?" if near else "missing field"
    if detail["type"] == "literal_error":
        return f"must be {detail['ctx']['expected']}, not {detail['input']!r}"
    if detail["type"] == "value_error":
        return str(detail["ctx"]["error"])
    message = detail["msg"].replace("Input should be", "must be", 1)
    return f"{message}, not {_short(detail['input'])}"


def _nearest(detail: Any) -> str | None:
    """The key of the row that a missing field was perhaps meant by."""
    keys = [key for key in detail["input"] if isinstance(key, str)] if isinstance(detail["input"], dict) else []
    return next(iter(get_close_matches(str(detail["loc"][-1]), keys, n=1)), None)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def check(
    dataset: Dataset,
    document_places: Sequence[Place] = (),
    question_places: Sequence[Place] = (),
    also_known: Container[str] = frozenset(),
) -> list[Problem]:
    """Everything wrong with a dataset as a whole.

    ``document_places`` and ``question_places`` run parallel to the dataset's documents and questions; without them
    the dataset's name stands for the file. ``also_known`` are ids of documents that exist but could not be read, and
    are reported elsewhere: gold that names them is no problem of its own.
    """
    home = Place(dataset.source or dataset.name)
    documents = list(zip(dataset.documents, document_places or [home] * len(dataset.documents), strict=True))
    questions = list(zip(dataset.questions, question_places or [home] * len(dataset.questions), strict=True))
    problems: list[Problem] = []
    if not documents and not also_known:
        problems.append(Problem(*home, "documents", "the corpus is empty"))
    if not questions:
        problems.append(Problem(*home, "questions", "there is no question"))
    seen: dict[str, Place] = {}
    for document, place in documents:
        if not document.text.strip():
            problems.append(Problem(*place, "text", f"document {document.id!r} is empty"))
        problems += _repeated("document", document.id, place, seen)
    known = {document.id: document for document in dataset.documents}
    retrieval_only = judges_retrieval_alone(dataset.questions)
    seen = {}
    for question, place in questions:
        problems += _repeated("question", question.id, place, seen)
        problems += _of_question(question, place, known, also_known, retrieval_only)
    return problems


def judges_retrieval_alone(questions: Iterable[Question]) -> bool:
    """Whether no question has an answer and each has relevance judgements: then answers are not asked for."""
    return all(question.answerable and not question.answers and question.judgements for question in questions)


def _repeated(what: str, identifier: str, place: Place, seen: dict[str, Place]) -> list[Problem]:
    if identifier not in seen:
        seen[identifier] = place
        return []
    first = seen[identifier]
    where = f", first at {first.file}" + (f":{first.line}" if first.line else "") if first != place else ""
    return [Problem(*place, "id", f"duplicate {what} id {identifier!r}{where}")]


def _of_question(
    question: Question, place: Place, known: Mapping[str, Document], also_known: Container[str], retrieval_only: bool
) -> list[Problem]:
    found: list[tuple[str, str]] = []
    if not question.text.strip():
        found.append(("question", f"question {question.id!r} has no text"))
    if question.split not in SPLITS:
        found.append(("split", f"must be one of {', '.join(SPLITS)}, not {question.split!r}"))
    if question.answerable and not question.answers and not retrieval_only:
        found.append(("answers", f"question {question.id!r} has no answer; give one, or set answerable to false"))
    if any(not answer.strip() for answer in question.answers):
        found.append(("answers", f"question {question.id!r} has an empty answer"))
    for span in question.gold:
        if span.document_id not in known:
            if span.document_id not in also_known:
                hint = did_you_mean(span.document_id, known)
                found.append(("gold", f"names no document: {span.document_id!r}{hint}"))
            continue
        length = len(known[span.document_id].text)
        if span.start == span.end:
            found.append(("gold", f"the span [{span.start}, {span.end}) of {span.document_id!r} is empty"))
        elif not 0 <= span.start < span.end <= length:
            where = f"outside {span.document_id!r}, which has {length} characters"
            found.append(("gold", f"the span [{span.start}, {span.end}) is {where}"))
    gold = {span.document_id for span in question.gold}
    for document_id in question.relevance:
        if document_id not in known and document_id not in also_known and document_id not in gold:
            found.append(("relevance", f"names no document: {document_id!r}{did_you_mean(document_id, known)}"))
    return [Problem(*place, field, message) for field, message in found]
