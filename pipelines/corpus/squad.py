"""SQuAD 1.1 and 2.0 files (Rajpurkar et al. 2016, 2018)."""

from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, Field, model_validator

from pipelines.corpus import Loader, datasets
from pipelines.corpus.rows import exists, read_json
from pipelines.corpus.splits import CorpusConfig, complete_splits
from pipelines.corpus.validation import SPLITS, Place, Problem, check, parse_row, raise_problems
from pipelines.records import Dataset, Document, Question, Span, Split


class SquadDataset(CorpusConfig):
    """SQuAD JSON files; every different context is one document and the gold passage of its questions.

    SQuAD publishes train and dev and keeps its test set back: its dev file is usually given as ``test`` here, and dev
    is then cut from train. A single file is divided by ``split_fractions``.
    """

    kind: Literal["squad"] = "squad"
    train: Path | None = Field(None, description="File of the training questions.")
    dev: Path | None = Field(None, description="File of the questions choices are made on.")
    test: Path | None = Field(None, description="File of the questions that are reported.")

    @model_validator(mode="after")
    def _some_file(self) -> Self:
        if not (self.train or self.dev or self.test):
            raise ValueError("give at least one of train, dev, test")
        return self


class _AnswerItem(BaseModel):
    text: str
    answer_start: int


class _QuestionItem(BaseModel):
    id: str
    question: str
    answers: list[_AnswerItem]
    is_impossible: bool = False


class _Paragraph(BaseModel):
    context: str
    qas: list[_QuestionItem]


class _Article(BaseModel):
    title: str = ""
    paragraphs: list[_Paragraph]


class _File(BaseModel):
    data: list[_Article]


@datasets.kind(SquadDataset)
def squad(config: SquadDataset) -> Loader:
    """Load SQuAD files. ``UserError`` lists every bad field of all of them by its path in the JSON."""

    def load() -> Dataset:
        problems: list[Problem] = []
        documents: dict[str, tuple[Document, Place]] = {}
        questions: list[tuple[Question, Place]] = []
        for split in SPLITS:
            path: Path | None = getattr(config, split)
            if path is not None and exists(path, split, problems):
                for document, question in _read(path, split, problems):
                    documents.setdefault(document.id, (document, Place(str(path))))
                    if question is not None:
                        questions.append((question, Place(str(path))))
        first = next(path for path in (config.train, config.dev, config.test) if path)
        dataset = Dataset(
            name=config.name or first.stem,
            documents=tuple(document for document, _ in documents.values()),
            questions=complete_splits(
                [question for question, _ in questions], config.split_fractions, config.split_seed
            ),
            language=config.language,
            licence=config.licence,
        )
        if (documents and questions) or not problems:
            problems += check(dataset, [place for _, place in documents.values()], [place for _, place in questions])
        raise_problems(problems)
        return dataset

    return load


def _read(path: Path, split: Split, problems: list[Problem]) -> Iterator[tuple[Document, Question | None]]:
    """Each context as a document, alone and then with each of its questions."""
    content = read_json(path, problems)
    if content is None:
        return
    file = parse_row(_File, content, Place(str(path)), problems)
    for i, article in enumerate(file.data if file else []):
        for j, paragraph in enumerate(article.paragraphs):
            # By content, so that the same context has one id whatever the order and the file.
            digest = blake2b(paragraph.context.encode(), digest_size=6).hexdigest()
            document = Document(f"{article.title}-{digest}", paragraph.context, article.title.replace("_", " "))
            yield document, None
            for k, item in enumerate(paragraph.qas):
                field = f"data[{i}].paragraphs[{j}].qas[{k}]"
                for number, answer in enumerate(item.answers):
                    at = paragraph.context[answer.answer_start :][: len(answer.text)]
                    if answer.answer_start < 0 or at != answer.text:
                        message = f"{answer.text!r} does not stand at {answer.answer_start} of its context"
                        problems.append(Problem(str(path), None, f"{field}.answers[{number}].answer_start", message))
                yield document, _question(item, document, split)


def _question(item: _QuestionItem, document: Document, split: Split) -> Question:
    if item.is_impossible:
        # The context is about the subject yet holds no answer: relevant to retrieve, but no gold passage.
        return Question(item.id, item.question, (), split, relevance={document.id: 1}, answerable=False)
    answers = tuple(dict.fromkeys(answer.text.strip() for answer in item.answers))
    return Question(item.id, item.question, answers, split, gold=(Span(document.id, 0, len(document.text)),))
