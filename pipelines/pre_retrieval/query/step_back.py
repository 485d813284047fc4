"""Step-back prompting (Zheng et al. 2023, "Take a Step Back: Evoking Reasoning via Abstraction in Large Language
Models"): a more general question is searched for beside the question itself."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from pipelines.pre_retrieval.query import Queries, QueryTransform, query_transforms
from pipelines.pre_retrieval.query.writing import Writing
from pipelines.prompt_files import PromptText, prompt_field
from pipelines.registry import StageConfig
from pipelines.tools import Tools


class StepBackConfig(StageConfig):
    """The question and a more general one."""

    kind: Literal["step_back"] = "step_back"
    max_new_tokens: int = Field(default=32, ge=1, description="tokens of the longest general question")
    prompt: PromptText = prompt_field(__package__ or "", "step_back", "{question}")


@query_transforms.kind(StepBackConfig)
def step_back(config: StepBackConfig) -> QueryTransform:
    writing = Writing(config.prompt, config.max_new_tokens)

    def transform(questions: Sequence[str], tools: Tools) -> list[Queries]:
        return writing.queries(questions, tools, with_question=True)

    return transform
