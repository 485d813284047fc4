"""What a person decided about drafted questions: a log beside the question file, one decision a line.

The log is only ever appended to, so a killed review loses nothing, and rejected questions stay in it with the reason.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from pipelines.corpus.rows import read_jsonl
from pipelines.corpus.validation import Problem, parse_row, raise_problems
from pipelines.errors import UserError


class Decision(BaseModel):
    """One decision. ``row`` is the question as drafted, ``changes`` what an edit put in its place."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    decision: Literal["accept", "edit", "reject", "undo"]
    seconds: float = Field(ge=0)
    reason: str = ""
    changes: dict[str, Any] = {}
    row: dict[str, Any]


def log_of(questions: Path) -> Path:
    """The log of a question file's review: ``questions.review.jsonl`` beside ``questions.jsonl``."""
    return questions.with_name(f"{questions.stem}.review.jsonl")


def append(log: Path, decision: Decision) -> None:
    """Write a decision to the disk. A line that a killed process left unfinished is cut off first."""
    line = json.dumps(decision.model_dump(), ensure_ascii=False).encode() + b"\n"
    with log.open("ab+") as file:
        file.seek(0)
        file.truncate(len(_finished(file.read())))
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def read_decisions(log: Path) -> list[Decision]:
    """Every decision in its order; none where there is no log. Raises ``UserError`` with all rows that are none."""
    if not log.exists():
        return []
    problems: list[Problem] = []
    found = [parse_row(Decision, row, place, problems) for place, row in read_jsonl(log, problems)]
    data = log.read_bytes()
    if len(_finished(data)) < len(data):  # the last line was being written when the process ended
        unfinished = data.count(b"\n") + 1
        problems = [problem for problem in problems if problem.line != unfinished]
    raise_problems(problems)
    return [one for one in found if one is not None]


def latest(decisions: Iterable[Decision]) -> dict[str, Decision]:
    """The decision that holds, by question id; what was undone is open again."""
    held: dict[str, Decision] = {}
    for one in decisions:
        if one.decision == "undo":
            held.pop(one.id, None)
        else:
            held[one.id] = one
    return held


def minutes(decisions: Iterable[Decision], split: str | None = None) -> float:
    """Minutes spent on the questions of a split, those that were rejected or undone included."""
    return sum(one.seconds for one in decisions if split in (None, one.row.get("split"))) / 60


def _finished(data: bytes) -> bytes:
    return data[: data.rfind(b"\n") + 1]


def _read(value: Any, info: ValidationInfo) -> Any:
    if not isinstance(value, str):
        return value
    path = Path((info.context or {}).get("folder", "."), value)
    if not path.is_file():
        raise PydanticCustomError("review", "no review log {path}; give its path or the minutes", {"path": str(path)})
    try:
        return minutes(read_decisions(path), "train")
    except UserError as error:
        raise PydanticCustomError("review", "{problem}", {"problem": str(error)}) from error


ReviewerMinutes = Annotated[
    float,
    BeforeValidator(_read),
    Field(ge=0, allow_inf_nan=False, description="minutes of people's work, or the path of a review log to add up"),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}]}),
]
"""Minutes as a number, or the log of a review (``*.review.jsonl``), of which those spent on train questions count. The
config holds the number."""
