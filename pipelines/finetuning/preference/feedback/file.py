"""Verdicts from a JSON Lines file: what people, or a program of one's own, said of answers."""

import hashlib
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

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
        """The absolute path and the checksum of what stands there. A finished experiment that knows the checksum can be
        opened where the file is gone."""
        if not isinstance(data, dict) or not isinstance(data.get("path"), str):
            return data
        path, known = Path((info.context or {}).get("folder", "."), data["path"]).resolve(), data.get("sha256")
        if not path.is_file():
            if known:
                return {**data, "path": str(path)}
            raise PydanticCustomError("feedback_file", "no such file: {path}", {"path": str(path)})
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if known and found != known:
            message = "{path} has changed since; leave sha256 out to take it as it is now"
            raise PydanticCustomError("feedback_file", message, {"path": str(path)})
        return {**data, "path": str(path), "sha256": found}


@feedback_kinds.kind(FileFeedback)
def file(config: FileFeedback) -> Source:
    """Reads the file. Raises ``UserError`` listing every row that is no verdict."""

    def collect(sources: Sources) -> Collected:
        return Collected(tuple(read_feedback(Path(config.path))))

    return collect
