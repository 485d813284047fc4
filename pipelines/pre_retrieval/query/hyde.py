"""HyDE (Gao et al. 2022, "Precise Zero-Shot Dense Retrieval without Relevance Labels"): the search is for a passage
that a language model makes up as the answer.

The paper samples several passages and averages their vectors with the question's. Decoding here is greedy, so there is
one passage, and question and passage are two searches merged by reciprocal rank: that works for every retriever, and a
long passage cannot drown the question's words as it would in one text.
"""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from pipelines.pre_retrieval.query import Queries, QueryTransform, query_transforms
from pipelines.pre_retrieval.query.writing import Writing
from pipelines.prompt_files import PromptText, prompt_field
from pipelines.registry import StageConfig
from pipelines.tools import Tools

_CHARACTERS_PER_TOKEN = 20
"""More than a token of text ever has, so that only unbroken rubbish is refused for its length."""


class HydeConfig(StageConfig):
    """A hypothetical passage that answers the question is searched for, beside the question."""

    kind: Literal["hyde"] = "hyde"
    with_question: bool = Field(default=True, description="search for the question too, as a second query")
    max_new_tokens: int = Field(default=64, ge=1, description="tokens of the longest passage; a longer one is cut")
    prompt: PromptText = prompt_field(__package__ or "", "hyde", "{question}")


@query_transforms.kind(HydeConfig)
def hyde(config: HydeConfig) -> QueryTransform:
    writing = Writing(config.prompt, config.max_new_tokens, longest=_CHARACTERS_PER_TOKEN * config.max_new_tokens)

    def transform(questions: Sequence[str], tools: Tools) -> list[Queries]:
        return writing.queries(questions, tools, config.with_question)

    return transform
