"""Datasets of the Hugging Face hub, or local JSON, CSV and Parquet files read the same way."""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipelines.corpus import Loader, datasets
from pipelines.corpus.answers import strings_to_find, texts
from pipelines.corpus.passages import GoldUnit, supporting_span
from pipelines.corpus.splits import CorpusConfig, complete_splits
from pipelines.corpus.validation import Place, Problem, check, did_you_mean, raise_problems
from pipelines.errors import UserError
from pipelines.records import Dataset, Document, Question, Split

# Names under which publishers keep the three splits.
_USUAL: Mapping[Split, tuple[str, ...]] = {
    "train": ("train", "training"),
    "dev": ("dev", "validation", "valid", "val"),
    "test": ("test", "testing", "eval"),
}


class Columns(BaseModel):
    """Which column holds what. A dot reaches into a nested column: ``answers.text``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str = Field("question", description="Column of the question.")
    answers: str = Field("answers", description="Column of the answer: text, a number, a list, or SQuAD's text list.")
    context: str = Field("context", description="Column of the passage (or list of passages) that holds the answer.")
    document_id: str | None = Field(None, description="Column of the passage's id; without it equal texts are one.")
    title: str | None = Field(None, description="Column of the passage's title.")
    id: str | None = Field(None, description="Column of the question's id; without it a hash of question and passages.")


class HuggingFaceDataset(CorpusConfig):
    """A dataset of the Hugging Face hub, its columns mapped to questions, answers and passages."""

    kind: Literal["huggingface"] = "huggingface"
    path: str = Field(description="Name on the hub, a local folder, or json, csv or parquet with data_files.")
    config: str | None = Field(None, description="Name of the dataset's configuration (subset).")
    revision: str | None = Field(None, description="Commit or tag on the hub; pin it for a result that can be redone.")
    data_files: dict[str, str | list[str]] | None = Field(
        None, description="Local files by the name of their split, for json, csv and parquet."
    )
    splits: dict[Split, str] | None = Field(None, description="The dataset's split for each of train, dev, test.")
    columns: Columns = Field(Columns(), description="Which column holds what.")
    limit: int | None = Field(None, ge=1, description="Read only the first rows of each split.")
    empty_answers: Literal["error", "unanswerable"] = Field(
        "error", description="What an empty answer means; unanswerable as in SQuAD 2.0."
    )
    gold_unit: GoldUnit = Field(
        "paragraph", description="How much around an answer is the gold passage; the document where no answer stands."
    )


@datasets.kind(HuggingFaceDataset)
def huggingface(config: HuggingFaceDataset) -> Loader:
    """Load with ``datasets.load_dataset``. ``UserError`` where the hub cannot be reached, a split or column is
    missing, or rows are bad (all of them at once, as ``path[split]:row``)."""

    def load() -> Dataset:
        problems: list[Problem] = []
        documents: dict[str, tuple[Document, Place]] = {}
        questions: list[tuple[Question, Place]] = []
        for split, published, rows in _splits(config):
            name = f"{config.path}[{published}]"
            missing = list(_missing_columns(config.columns, rows, name))
            problems += missing
            for place, row in _rows(rows, name, config.limit) if not missing else ():
                try:
                    passages = _passages(row, config.columns)
                    questions.append((_question(row, passages, split, config), place))
                except ValueError as error:
                    problems.append(Problem(*place, "", str(error)))
                    continue
                for document in passages:
                    kept, _ = documents.setdefault(document.id, (document, place))
                    if kept.text != document.text:
                        field = config.columns.document_id or ""
                        problems.append(Problem(*place, field, f"two texts have the id {document.id!r}"))
        dataset = Dataset(
            name=config.name or "/".join(part for part in (config.path, config.config) if part),
            documents=tuple(document for document, _ in documents.values()),
            questions=complete_splits(
                [question for question, _ in questions], config.split_fractions, config.split_seed
            ),
            language=config.language,
            source=config.path,
            licence=config.licence,
        )
        if (documents and questions) or not problems:
            problems += check(dataset, [place for _, place in documents.values()], [place for _, place in questions])
        raise_problems(problems)
        return dataset

    return load


def _splits(config: HuggingFaceDataset) -> Iterator[tuple[Split, str, Any]]:
    """Our split, its published name and its rows."""
    published = _load(config)
    chosen = config.splits or {
        split: next(name for name in names if name in published)
        for split, names in _USUAL.items()
        if any(name in published for name in names)
    }
    if not chosen:
        raise UserError(f"{config.path}: splits: give which is train, dev, test among {', '.join(published)}")
    for split, name in chosen.items():
        if name not in published:
            raise UserError(f"{config.path}: splits.{split}: no split {name!r}; there are {', '.join(published)}")
    for split, name in chosen.items():
        yield split, name, published[name]


def _load(config: HuggingFaceDataset) -> Any:
    files = (config.data_files or {}).values()
    for name in [name for names in files for name in ([names] if isinstance(names, str) else names)]:
        if "://" not in name and "*" not in name and not Path(name).is_file():
            raise UserError(f"{name}: data_files: no such file")
    import httpx
    from datasets import config as library
    from datasets import load_dataset
    from datasets.exceptions import DatasetNotFoundError, DatasetsError

    library.HF_UPDATE_DOWNLOAD_COUNTS = False  # otherwise each load, of local files too, reports to a counter
    try:
        return load_dataset(config.path, name=config.config, data_files=config.data_files, revision=config.revision)
    except DatasetNotFoundError as error:
        raise UserError(f"{config.path}: path: {error}") from error
    except (ConnectionError, httpx.HTTPError) as error:
        raise UserError(
            f"{config.path}: path: the Hugging Face hub cannot be reached ({type(error).__name__}); "
            "connect once to fill the cache, or download the files and give them as data_files"
        ) from error
    except (DatasetsError, OSError, ValueError, RuntimeError) as error:
        cause = error.__cause__ or error
        raise UserError(f"{config.path}: cannot be loaded: {' '.join(str(cause).split())}") from error


def _missing_columns(columns: Columns, rows: Any, name: str) -> Iterator[Problem]:
    for setting, column in columns.model_dump(exclude_none=True).items():
        if column.split(".")[0] not in rows.column_names:
            hint = did_you_mean(column, rows.column_names) or f"; there are {', '.join(rows.column_names)}"
            yield Problem(name, None, f"columns.{setting}", f"no column {column!r}{hint}")


def _rows(rows: Iterable[dict[str, Any]], name: str, limit: int | None) -> Iterator[tuple[Place, dict[str, Any]]]:
    for number, row in enumerate(rows, start=1):
        if limit is not None and number > limit:
            return
        yield Place(name, number), row


def _cell(row: Any, column: str | None) -> Any:
    for part in column.split(".") if column else ():
        row = row.get(part) if isinstance(row, dict) else None
    return row if column else None


def _passages(row: dict[str, Any], columns: Columns) -> list[Document]:
    """Raises ``ValueError`` where ids or titles do not run parallel to the passages."""
    passages = texts(_cell(row, columns.context))
    ids, titles = texts(_cell(row, columns.document_id)), texts(_cell(row, columns.title))
    for column, values in ((columns.document_id, ids), (columns.title, titles)):
        if column and len(values) != len(passages):
            raise ValueError(f"{len(values)} values in {column} for {len(passages)} in {columns.context}")
    ids = ids or [blake2b(passage.encode(), digest_size=6).hexdigest() for passage in passages]
    titles = titles or [""] * len(passages)
    return [Document(*parts) for parts in zip(ids, passages, titles, strict=True)]


def _question(row: dict[str, Any], passages: list[Document], split: Split, config: HuggingFaceDataset) -> Question:
    """Raises ``ValueError`` where the question is no text or the answer no answer."""
    columns = config.columns
    text = _cell(row, columns.question)
    if not isinstance(text, str):
        raise ValueError(f"{columns.question} must be text, not {text!r}")
    answers = tuple(dict.fromkeys(texts(_cell(row, columns.answers))))
    answerable = bool(answers) or config.empty_answers == "error"
    wanted = strings_to_find({"answers": answers})
    identifier = texts(_cell(row, columns.id))
    key = "\n".join([text, *(document.id for document in passages)])
    return Question(
        id=identifier[0] if identifier else blake2b(key.encode(), digest_size=8).hexdigest(),
        text=text,
        answers=answers,
        split=split,
        gold=tuple(supporting_span(document, wanted, config.gold_unit) for document in passages if answerable),
        relevance={document.id: 1 for document in passages},
        answerable=answerable,
    )
