"""Sub-questions, each searched for beside the question: decomposition as in least-to-most prompting (Zhou et al. 2022)
and in the advanced RAG lab of the KDD 2024 tutorial, which asks for up to four.

Here they only widen the search. The flow ``decomposed`` also answers each of them.
"""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from pipelines.pre_retrieval.query import Queries, QueryTransform, query_transforms
from pipelines.pre_retrieval.query.writing import LIST_END, Writing
from pipelines.prompt_files import PromptText, prompt_field
from pipelines.registry import StageConfig
from pipelines.tools import Tools


class DecomposeConfig(StageConfig):
    """The question and the simpler questions it is made of."""

    kind: Literal["decompose"] = "decompose"
    sub_questions: int = Field(default=4, ge=1, le=8, description="most sub-questions taken")
    max_new_tokens: int = Field(default=96, ge=1, description="tokens of all sub-questions together")
    prompt: PromptText = prompt_field(__package__ or "", "decompose", "{question}")


@query_transforms.kind(DecomposeConfig)
def decompose(config: DecomposeConfig) -> QueryTransform:
    writing = Writing(config.prompt, config.max_new_tokens, config.sub_questions, LIST_END)

    def transform(questions: Sequence[str], tools: Tools) -> list[Queries]:
        return writing.queries(questions, tools, with_question=True)

    return transform
