"""A limit on the tokens of the context: the best chunks that fit."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field

from pipelines.post_retrieval import Found, PostProcessor, post_processors
from pipelines.post_retrieval.sentence_spans import SENTENCE_END
from pipelines.records import Chunk
from pipelines.registry import StageConfig
from pipelines.tools import Tools

_WORD_END = re.compile(r"(?<=\S)(?=\s)")
_CountTokens = Callable[[Sequence[str]], list[int]]


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

    def keep(found: Sequence[Found], tools: Tools) -> list[Found]:
        count_tokens = tools.model.count_tokens
        counts = iter(count_tokens([chunk.text for one in found for chunk in one.chunks]))
        return [
            replace(one, chunks=_fitting(one.chunks, [next(counts) for _ in one.chunks], config.tokens, count_tokens))
            for one in found
        ]

    return keep


def _fitting(
    chunks: Sequence[Chunk], counts: Sequence[int], tokens: int, count_tokens: _CountTokens
) -> tuple[Chunk, ...]:
    """The leading chunks whose ``counts`` of tokens fit together."""
    kept, left = 0, tokens
    for count in counts:
        if count > left:
            break
        kept += 1
        left -= count
    if kept or not chunks:
        return tuple(chunks[:kept])
    cut = _cut(chunks[0], tokens, count_tokens)
    return (cut,) if cut else ()


def _cut(chunk: Chunk, tokens: int, count_tokens: _CountTokens) -> Chunk | None:
    for boundary in (SENTENCE_END, _WORD_END):
        ends = sorted({match.end() for match in boundary.finditer(chunk.text)} - {0})
        fitting = _count_fitting(chunk.text, ends, tokens, count_tokens)
        if fitting:
            end = ends[fitting - 1]
            exact = chunk.end - chunk.start == len(chunk.text)  # not so after compression, which keeps the span
            return replace(chunk, end=chunk.start + end if exact else chunk.end, text=chunk.text[:end])
    return None


def _count_fitting(text: str, ends: list[int], tokens: int, count_tokens: _CountTokens) -> int:
    """How many of the rising ``ends`` leave a text that fits; by bisection, as tokens rise with length."""
    low, high = 0, len(ends)
    while low < high:
        middle = (low + high) // 2
        if count_tokens([text[: ends[middle]]])[0] <= tokens:
            low = middle + 1
        else:
            high = middle
    return low
