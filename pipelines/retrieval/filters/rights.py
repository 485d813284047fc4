"""Documents are shown to the groups that may read them: an asker outside them finds nothing of theirs."""

from typing import Literal

from pydantic import Field

from pipelines.records import Document, Question
from pipelines.registry import StageConfig
from pipelines.retrieval.filters import Allows, filters


class RightsConfig(StageConfig):
    """Documents that one of the asker's groups may read."""

    kind: Literal["rights"] = "rights"
    document_field: str = Field(
        default="groups", min_length=1, description="metadata field with a document's groups, separated by commas"
    )
    question_field: str = Field(
        default="groups", min_length=1, description="metadata field of the question with the asker's groups, likewise"
    )
    public_without: bool = Field(
        default=False, description="documents without the field are open to every asker who has a group; else to none"
    )


@filters.kind(RightsConfig)
def rights(config: RightsConfig) -> Allows:
    """Names are compared as written, without the spaces around them. An asker without groups is unknown and may read
    nothing, public documents included. A document whose field is there but names no group is closed to all."""

    def allows(question: Question, document: Document) -> bool:
        asker = _groups(question.metadata.get(config.question_field, ""))
        listed = document.metadata.get(config.document_field)
        if listed is None:
            return config.public_without and bool(asker)
        return not asker.isdisjoint(_groups(listed))

    return allows


def _groups(listed: str) -> set[str]:
    return {group.strip() for group in listed.split(",")} - {""}
