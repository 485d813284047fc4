"""Verdicts from a JSON Lines file: what people, or a program of one's own, said of answers."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationInfo, model_validator

from pipelines.checksums import with_checksum
from pipelines.finetuning.preference.feedback import Collected, Source, Sources, feedback_kinds
from pipelines.finetuning.preference.feedback.records import read_feedback
from pipelines.registry import StageConfig


class FileFeedback(StageConfig):
    """Verdicts of your own, one a line: answer and score, or preferred and rejected."""

    kind: Literal["file"] = "file"
    path: str = Field(description="a .jsonl file, relative to the experiment's")
    sha256: str = Field("", description="checksum of the file; filled in, so that a changed file is other feedback")

    @model_validator(mode="before")
    @classmethod
    def _with_checksum(cls, data: Any, info: ValidationInfo) -> Any:
        return with_checksum(data, info, "path")


@feedback_kinds.kind(FileFeedback)
def file(config: FileFeedback) -> Source:
    """Reads the file. Raises ``UserError`` listing every row that is no verdict."""

    def collect(sources: Sources) -> Collected:
        return Collected(tuple(read_feedback(Path(config.path))))

    return collect
