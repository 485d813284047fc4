"""A limit on the tokens of the context: the best chunks that fit."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field

from pipelines.post_retrieval import CountTokens, PostProcessor, post_processors
from pipelines.records import Chunk
from pipelines.registry import StageConfig

_SENTENCE_END = re.compile(r"[.!?](?=\s)|(?<=\S)(?=\s*\n)")
_WORD_END = re.compile(r"(?<=\S)(?=\s)")


class BudgetConfig(StageConfig):
    """The best chunks that fit a number of tokens."""

    kind: Literal["budget"] = "budget"
    tokens: int = Field(
        default=512, ge=1, description="tokens of all chunks together, counted one by one; what joins them adds a few"
    )


@post_processors.kind(BudgetConfig)
def budget(config: BudgetConfig) -> PostProcessor:
    """Keeps chunks from the best on until the first that does not fit. Where even the best does not, it alone is
    kept, cut after the last sentence that fits, or else the last word; where no word fits, nothing is."""

    def keep(query: str, chunks: Sequence[Chunk], count_tokens: CountTokens) -> list[Chunk]:
        kept: list[Chunk] = []
        left = config.tokens
        for chunk, tokens in zip(chunks, count_tokens([chunk.text for chunk in chunks]), strict=True):
            if tokens > left:
                break
            kept.append(chunk)
            left -= tokens
        return kept or [cut for chunk in chunks[:1] if (cut := _cut(chunk, config.tokens, count_tokens))]

    return keep


def _cut(chunk: Chunk, tokens: int, count_tokens: CountTokens) -> Chunk | None:
    for boundary in (_SENTENCE_END, _WORD_END):
        ends = sorted({match.end() for match in boundary.finditer(chunk.text)} - {0})
        fitting = _count_fitting(chunk.text, ends, tokens, count_tokens)
        if fitting:
            end = ends[fitting - 1]
            return replace(chunk, end=chunk.start + end, text=chunk.text[:end])
    return None


def _count_fitting(text: str, ends: list[int], tokens: int, count_tokens: CountTokens) -> int:
    """How many of the rising ``ends`` leave a text that fits; by bisection, as tokens rise with length."""
    low, high = 0, len(ends)
    while low < high:
        middle = (low + high) // 2
        if count_tokens([text[: ends[middle]]])[0] <= tokens:
            low = middle + 1
        else:
            high = middle
    return low
