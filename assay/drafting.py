"""A question file drafted from a folder of documents, for a person to review."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from assay.completions import answer_of, generated
from assay.fingerprint import fingerprint, stage_code
from assay.progress import Progress
from assay.store import Store
from eval.leakage import find_leaks
from pipelines.corpus.drafting import Draft
from pipelines.corpus.drafting.draft import Drafting, draft
from pipelines.corpus.drafting.question_file import write_rows
from pipelines.corpus.drafting.reviews import log_of
from pipelines.corpus.drafting.splits import divide
from pipelines.corpus.folder import FolderDataset
from pipelines.corpus.folder import read_documents as documents_of
from pipelines.corpus.splits import SplitFractions
from pipelines.corpus.validation import Problem, raise_problems
from pipelines.errors import UserError
from pipelines.generation import language_models
from pipelines.records import Answer, Document, Prompt, Question, Spent, Split
from pipelines.registry import StageConfig

LEAKING = "nearly a dev or test question"


@dataclass(frozen=True)
class Drafted:
    """A written file: questions by split and by kind, what was thrown away by reason, what the model spent."""

    path: Path
    splits: Mapping[str, int]
    kinds: Mapping[str, int]
    dropped: Mapping[str, int]
    spent: Spent


def drafting_config(**given: object) -> Drafting:
    """How to draft, from a command's options; ``None`` takes the default. Raises ``UserError`` for what does not
    fit."""
    try:
        return Drafting.model_validate({name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise UserError("\n".join(f"--{one['loc'][0]}: {one['msg']}" for one in error.errors())) from error


def draft_questions(
    folder: Path,
    out: Path,
    *,
    llm: str | None = "embedded",
    drafting: Drafting = Drafting(),  # noqa: B008 - frozen
    fractions: SplitFractions = SplitFractions(),  # noqa: B008 - frozen
    language: str = "en",
    seed: int = 0,
    force: bool = False,
    skip_unreadable: bool = False,
    store: Path = Path(".assay/store"),
    progress: Progress | None = None,
) -> Drafted:
    """Draft questions from the documents in ``folder`` and write them to ``out`` as a question file of the folder
    dataset. The twin of ``assay data questions``.

    ``llm`` is a kind of language model, an experiment file that names one, or ``None`` for tables and key-value lines
    alone. Its replies are kept in the store, so a killed draft goes on where it stopped. Raises ``UserError`` where
    ``out`` is there already and ``force`` is not set, or was reviewed; where documents cannot be read; and where
    nothing could be drafted.
    """
    _writable(folder, out, force)
    progress = progress or Progress()
    with progress.shown():
        with progress.step("reading documents"):
            documents = read_documents(folder, out, skip_unreadable)
        asked = _Asked(llm_config(llm), Store(store), progress) if llm and drafting.llm else None
        config = drafting if asked else drafting.model_copy(update={"llm": False})
        made = draft(documents, config, asked, language, seed)
    texts = {document.id: document.text for document in documents}
    rows, leaking = _without_leaks([_row(one, split, texts) for one, split in _divided(made.kept, fractions, seed)])
    out.parent.mkdir(parents=True, exist_ok=True)
    write_rows(out, rows)
    return Drafted(
        path=out,
        splits=Counter(row["split"] for row in rows),
        kinds=Counter(row["kind"] for row in rows),
        dropped={**made.dropped, **({LEAKING: leaking} if leaking else {})},
        spent=asked.spent if asked else Spent(),
    )


def read_documents(folder: Path, questions: Path, skip_unreadable: bool = False) -> list[Document]:
    """The documents as the folder dataset reads them. Raises ``UserError`` with every file that it cannot read, unless
    those are to be skipped."""
    if not folder.is_dir():
        raise UserError(f"{folder}: there is no such folder of documents")
    problems: list[Problem] = []
    config = FolderDataset(documents=folder, questions=questions, skip_unreadable=skip_unreadable)
    read, _ = documents_of(config, problems)
    raise_problems(problems)
    if not read:
        raise UserError(f"{folder}: holds no document")
    return [document for document, _ in read]


def llm_config(source: str) -> StageConfig:
    """The language model of an experiment file, or of a kind that needs no options. Raises ``UserError``."""
    if source.endswith((".yaml", ".yml")):
        from assay.loading import load_experiment

        return load_experiment(Path(source)).llm
    try:
        return language_models.parse(source)
    except ValidationError as error:
        missing = ", ".join(str(one["loc"][0]) for one in error.errors() if one["loc"])
        raise UserError(f"language model {source} needs {missing}; name it in an experiment file") from error
    except ValueError as error:
        raise UserError(f"--llm {source}: is no experiment file, and: {error}") from error


class _Asked:
    """A ``Complete`` over the store that counts what it spent."""

    def __init__(self, config: StageConfig, store: Store, progress: Progress) -> None:
        self.model, self.records, self.progress = language_models.build(config), store.records("answers"), progress
        self.code, self.spent = stage_code(config), Spent()

    def __call__(self, prompts: Sequence[Prompt], max_new_tokens: int) -> list[Answer]:
        keys = [self._key(prompt, max_new_tokens) for prompt in prompts]
        known: dict[str, Any] = self.records.get_many(keys)
        missing = {key: prompt for key, prompt in zip(keys, prompts, strict=True) if key not in known}
        if missing:
            with self.progress.counted("writing questions", len(missing)) as advance:
                for fresh in generated(self.records, self.model, list(missing.items()), max_new_tokens, None):
                    known.update(fresh)
                    advance(len(fresh))
        answers = [answer_of(known[key]) for key in keys]
        self.spent = sum((answer.spent for answer in answers), self.spent)
        return answers

    def _key(self, prompt: Prompt, max_new_tokens: int) -> str:
        return fingerprint("answer", self.model.identity, self.code, "", max_new_tokens, prompt)


def _writable(folder: Path, out: Path, force: bool) -> None:
    if out.suffix.lower() != ".jsonl":
        raise UserError(f"{out}: a question file ends in .jsonl")
    if folder.resolve() in out.resolve().parents:
        raise UserError(f"{out}: lies among the documents; write the questions to another folder")
    if log_of(out).exists():
        raise UserError(f"{out}: has been reviewed ({log_of(out)}); name another file with --out")
    if out.exists() and not force:
        raise UserError(f"{out}: is there already; name another file with --out, or write over it with --force")


def _divided(drafts: Sequence[Draft], fractions: SplitFractions, seed: int) -> list[tuple[Draft, Split]]:
    order = {"test": 0, "dev": 1, "train": 2}  # reviewed in this order: what is measured comes first
    pairs = list(zip(drafts, divide(drafts, fractions, seed), strict=True))
    return sorted(pairs, key=lambda pair: order[pair[1]])


def _row(one: Draft, split: Split, texts: Mapping[str, str]) -> dict[str, Any]:
    passage = texts[one.passage.document_id][one.passage.start : one.passage.end]
    return {
        "id": blake2b(f"{one.fact_id} {one.question}".encode(), digest_size=8).hexdigest(),
        "question": one.question,
        "answer": one.answer,
        "split": split,
        "kind": one.kind,
        "fact_ids": [one.fact_id],
        "gold": [{"document": one.passage.document_id, "text": passage}],
    }


def _without_leaks(rows: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """The rows without training questions that dev or test nearly ask as well, and how many those were."""
    asked = [Question(row["id"], row["question"], (), row["split"]) for row in rows]
    train = [question for question in asked if question.split == "train"]
    held_out = [question for question in asked if question.split != "train"]
    leaking = {leak.train_id for leak in find_leaks(train, held_out)}
    return [row for row in rows if row["id"] not in leaking], len(leaking)
