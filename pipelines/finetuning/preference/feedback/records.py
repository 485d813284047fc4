"""What somebody said of answers: a JSON Lines file, one verdict a line, only ever appended to."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipelines.corpus.rows import exists, read_jsonl
from pipelines.corpus.validation import Problem, parse_row, raise_problems


class Feedback(BaseModel):
    """One verdict: a ``score`` of one ``answer`` (greater is better), or one answer ``preferred`` to another."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str = Field(min_length=1, description="the question as it was asked")
    question_id: str = Field("", description="its id in the dataset, if it has one")
    answer: str | None = Field(None, description="the answer that is scored")
    score: float | None = Field(None, allow_inf_nan=False, description="how good it is, on any one scale")
    preferred: str | None = Field(None, description="the better of two answers")
    rejected: str | None = Field(None, description="the worse one")
    who: Literal["human", "ai"] = Field("human", description="who says so")
    by: str = Field("", description="name of the reviewer, model or rule")
    minutes: float = Field(0.0, ge=0, allow_inf_nan=False, description="what a person spent on it")

    @model_validator(mode="after")
    def _one_form(self) -> "Feedback":
        scored, compared = (self.answer, self.score), (self.preferred, self.rejected)
        forms = (None not in scored) + (None not in compared)
        halves = sum(value is not None for value in (*scored, *compared))
        if forms != 1 or halves != 2:
            raise ValueError("give answer and score, or preferred and rejected")
        return self


def read_feedback(path: Path) -> list[Feedback]:
    """Every verdict of a file in its order. Raises ``UserError`` listing all rows that are none."""
    problems: list[Problem] = []
    if not exists(path, "feedback", problems):
        raise_problems(problems)
    found = [parse_row(Feedback, row, place, problems) for place, row in read_jsonl(path, problems)]
    if not found and not problems:
        problems.append(Problem(str(path), None, "feedback", "holds no verdict"))
    raise_problems(problems)
    return [one for one in found if one is not None]


def append_feedback(path: Path, rows: Iterable[Feedback]) -> None:
    """Write verdicts to the disk, behind those that are there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(as_line(row) for row in rows)
    with path.open("a+b") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            lines = lines if file.read() == b"\n" else f"\n{lines}"
        file.write(lines.encode())
        file.flush()
        os.fsync(file.fileno())


def as_line(row: Feedback) -> str:
    """The row as it stands in a file; what is unset is left out."""
    return json.dumps(row.model_dump(exclude_defaults=True) | {"who": row.who}, ensure_ascii=False) + "\n"
