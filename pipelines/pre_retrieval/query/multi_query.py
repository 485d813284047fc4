"""Several wordings of one question, each searched for, the hits merged by reciprocal rank: RAG-Fusion (Rackauckas 2024,
arXiv:2402.03367)."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from pipelines.pre_retrieval.query import Queries, QueryTransform, query_transforms
from pipelines.pre_retrieval.query.writing import LIST_END, Writing
from pipelines.prompt_files import PromptText, prompt_field
from pipelines.registry import StageConfig
from pipelines.tools import Tools


class MultiQueryConfig(StageConfig):
    """The question and other wordings of it."""

    kind: Literal["multi_query"] = "multi_query"
    wordings: int = Field(default=3, ge=1, le=8, description="most wordings taken beside the question itself")
    max_new_tokens: int = Field(default=96, ge=1, description="tokens of all wordings together")
    prompt: PromptText = prompt_field(__package__ or "", "multi_query", "{question}")


@query_transforms.kind(MultiQueryConfig)
def multi_query(config: MultiQueryConfig) -> QueryTransform:
    writing = Writing(config.prompt, config.max_new_tokens, config.wordings, LIST_END)

    def transform(questions: Sequence[str], tools: Tools) -> list[Queries]:
        return writing.queries(questions, tools, with_question=True)

    return transform
