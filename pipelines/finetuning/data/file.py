"""Training pairs of one's own, from a JSON or JSON Lines file in the forms tuning tools use.

``chat`` (``messages``), ``sharegpt`` (``conversations``), ``prompt_completion`` and ``alpaca`` (``instruction``,
``input``, ``output``) are told apart by their keys, row by row.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from pipelines.checksums import with_checksum
from pipelines.corpus.drafting.reviews import ReviewerMinutes
from pipelines.corpus.rows import read_json, read_jsonl
from pipelines.corpus.validation import Place, Problem, raise_problems
from pipelines.finetuning.data import Sources, TrainingData, TrainingSet, training_data
from pipelines.finetuning.data.file_rows import KEYS, Conversation, Form, RowError, conversation, form_of
from pipelines.generation.prompts import training_pair
from pipelines.records import Question, TrainingPair
from pipelines.registry import StageConfig


class FileConfig(StageConfig):
    """Pairs of your own: chat, prompt and completion, Alpaca or ShareGPT rows."""

    kind: Literal["file"] = "file"
    path: str = Field(description="a .jsonl or .json file, relative to the experiment's")
    form: Literal["auto"] | Form = Field(default="auto", description="form of all rows; auto tells it by their keys")
    sha256: str = Field(default="", description="checksum of the file; filled in, so that a changed file is other data")
    reviewer_minutes: ReviewerMinutes = 0.0

    @model_validator(mode="before")
    @classmethod
    def _with_checksum(cls, data: Any, info: ValidationInfo) -> Any:
        if isinstance(data, dict) and isinstance(data.get("path"), str):
            path = Path(data["path"])
            if path.suffix.lower() not in (".jsonl", ".json"):
                raise PydanticCustomError("user_file", "must be a .jsonl or .json file: {path}", {"path": str(path)})
        return with_checksum(data, info, "path")


@training_data.kind(FileConfig)
def file(config: FileConfig) -> TrainingData:
    """The last answer of a row is what is learnt, from the plain prompt that the arms use: an instruction and earlier
    turns stand before the question. Line breaks in questions and answers become spaces, as an answer ends with its
    line. Raises ``UserError`` listing every row that cannot be read."""

    def make(sources: Sources) -> TrainingSet:
        path, problems = Path(config.path), list[Problem]()
        if not path.is_file():
            problems.append(Problem(str(path), None, "training_data", "no such file"))
            raise_problems(problems)
        pairs: list[TrainingPair] = []
        for place, row in _rows(path, problems):
            try:
                form = form_of(row) if config.form == "auto" else config.form
                if form is None:
                    known = "; ".join(" and ".join(keys) for keys in KEYS.values())
                    raise RowError("", f"has none of: {known}")
                said = conversation(row, form)
            except RowError as error:
                problems.append(Problem(*place, error.field, str(error)))
                continue
            pairs.append(_pair(said, f"{path.name}:{place.line or len(pairs) + 1}"))
        if not pairs and not problems:
            problems.append(Problem(str(path), None, "training_data", "holds no pair"))
        raise_problems(problems)
        return TrainingSet(tuple(pairs), (), config.reviewer_minutes)

    return make


def _rows(path: Path, problems: list[Problem]) -> Iterator[tuple[Place, dict[str, Any]]]:
    if path.suffix.lower() == ".jsonl":
        yield from read_jsonl(path, problems)
        return
    before = len(problems)
    value = read_json(path, problems)
    if len(problems) == before and not isinstance(value, list):
        problems.append(Problem(str(path), None, "", f"must be a list of rows, not {type(value).__name__}"))
    for number, row in enumerate(value if isinstance(value, list) else [], 1):
        place = Place(f"{path} row {number}")
        if isinstance(row, dict):
            yield place, row
        else:
            problems.append(Problem(*place, "", f"must be an object, not {type(row).__name__}"))


def _pair(said: Conversation, name: str) -> TrainingPair:
    *turns, (question, answer) = [(_one_line(q), _one_line(a)) for q, a in (*said.turns, (said.question, said.answer))]
    pair = training_pair(Question(name, question, (answer,), "train"))
    before = f"{said.instruction}\n\n" if said.instruction else ""
    before += "".join(f"Question: {asked}\nAnswer: {answered}\n\n" for asked, answered in turns)
    return TrainingPair(before + pair.prompt, pair.completion, pair.question_id, pair.question)


def _one_line(text: str) -> str:
    return " ".join(text.split())
