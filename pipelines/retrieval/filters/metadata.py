"""Only documents whose metadata have given values."""

from typing import Literal

from pydantic import Field

from pipelines.records import Document, Question
from pipelines.registry import StageConfig
from pipelines.retrieval.filters import Allows, filters


class MetadataConfig(StageConfig):
    """Documents whose metadata have given values."""

    kind: Literal["metadata"] = "metadata"
    where: dict[str, str | tuple[str, ...]] = Field(
        min_length=1,
        description="a value, or a list of which one must match, for each metadata field; every field must match",
    )


@filters.kind(MetadataConfig)
def metadata(config: MetadataConfig) -> Allows:
    """Values are compared whole and as written; a document without one of the fields does not match."""
    wanted = {name: {value} if isinstance(value, str) else set(value) for name, value in config.where.items()}

    def allows(question: Question, document: Document) -> bool:
        return all(document.metadata.get(name) in values for name, values in wanted.items())

    return allows
