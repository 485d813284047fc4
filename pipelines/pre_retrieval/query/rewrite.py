"""Rewrite, retrieve, read (Ma et al. 2023, "Query Rewriting for Retrieval-Augmented Large Language Models"): a language
model turns the question into what one would type into a search box.

The rewriter is prompted; the paper's trained rewriter (reinforcement learning on the reader's score) is not here.
"""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from pipelines.pre_retrieval.query import Queries, QueryTransform, query_transforms
from pipelines.pre_retrieval.query.writing import Writing
from pipelines.prompt_files import PromptText, prompt_field
from pipelines.registry import StageConfig
from pipelines.tools import Tools


class RewriteConfig(StageConfig):
    """A search query that a language model writes, in place of the question."""

    kind: Literal["rewrite"] = "rewrite"
    with_question: bool = Field(default=False, description="search for the question too; the paper does not")
    max_new_tokens: int = Field(default=32, ge=1, description="tokens of the longest query")
    prompt: PromptText = prompt_field(__package__ or "", "rewrite", "{question}")


@query_transforms.kind(RewriteConfig)
def rewrite(config: RewriteConfig) -> QueryTransform:
    writing = Writing(config.prompt, config.max_new_tokens)

    def transform(questions: Sequence[str], tools: Tools) -> list[Queries]:
        return writing.queries(questions, tools, config.with_question)

    return transform
