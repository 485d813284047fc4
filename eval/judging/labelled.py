"""The calibration file: what people said about answers and about pairs of answers, one JSON object a line."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from eval.judging.config import Metric
from pipelines.errors import UserError
from pipelines.registry import Closed

Choice = Literal["a", "b", "tie"]


class CalibrationRow(Closed):
    """An answer that people graded on one quality."""

    quality: Metric = Field(description="the metric whose judge is measured")
    question: str = Field(description="the question")
    answer: str = Field(default="", description="the answer that was graded")
    contexts: tuple[str, ...] = Field(default=(), description="the passages, in their order")
    reference: str = Field(default="", description="the accepted answer")
    label: float | None = Field(
        default=None, ge=0, allow_inf_nan=False, description="one person's grade: 0 or 1, or any scale"
    )
    labels: tuple[Annotated[float, Field(ge=0, allow_inf_nan=False)], ...] = Field(
        default=(), description="several people's grades, every person always in the same place"
    )

    @property
    def votes(self) -> tuple[float, ...]:
        """Every person's grade."""
        return self.labels if self.label is None else (self.label,)

    @model_validator(mode="after")
    def _labelled(self) -> "CalibrationRow":
        _one_of(self.label is not None, self.labels)
        return self


class PreferenceRow(Closed):
    """Two answers to one instruction, and which of them people preferred."""

    quality: Literal["preference"] = "preference"
    instruction: str = Field(description="what was asked for")
    answer_a: str = Field(description="one answer")
    answer_b: str = Field(description="the other")
    label: Choice | None = Field(default=None, description="one person's choice")
    labels: tuple[Choice, ...] = Field(default=(), description="several people's choices, each in the same place")

    @property
    def votes(self) -> tuple[Choice, ...]:
        """Every person's choice."""
        return self.labels if self.label is None else (self.label,)

    @model_validator(mode="after")
    def _labelled(self) -> "PreferenceRow":
        _one_of(self.label is not None, self.labels)
        return self


Row = CalibrationRow | PreferenceRow
_ROWS: TypeAdapter[Row] = TypeAdapter(Annotated[Row, Field(discriminator="quality")])


def _one_of(label: bool, labels: Sequence[object]) -> None:
    if label == bool(labels):
        raise ValueError("give either label or labels")


def read_calibration(path: str | Path) -> list[Row]:
    """The rows of a file; empty lines are passed over. Raises ``UserError`` that names the first bad line and its
    field."""
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"judge.calibration: {path} cannot be read: {error}") from error
    rows: list[Row] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            rows.append(_ROWS.validate_json(line))
        except ValidationError as error:
            fault = error.errors()[0]
            place = ".".join(str(part) for part in fault["loc"][1:])
            raise UserError(f"{path}, line {number}{f', {place}' if place else ''}: {fault['msg']}") from error
    if not rows:
        raise UserError(f"judge.calibration: {path} holds no row")
    return rows
