"""The best chunks at both ends of the context (Liu et al. 2024, "Lost in the Middle", TACL 12).

Language models use the beginning and the end of a long context better than its middle. LangChain's
``LongContextReorder`` does the same, but puts the best chunk first where the number of chunks is odd and last where it
is even; here it is always first.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pipelines.post_retrieval import Found, PostProcessor, post_processors
from pipelines.registry import StageConfig
from pipelines.tools import Tools


class ReorderConfig(StageConfig):
    """The best chunks at both ends of the context, the worst in its middle."""

    kind: Literal["reorder"] = "reorder"


@post_processors.kind(ReorderConfig)
def reorder(config: ReorderConfig) -> PostProcessor:
    """Chunks ranked 1 2 3 4 5 are read in the order 1 3 5 4 2. It comes last: after it the order is no ranking."""

    def ends_first(found: Sequence[Found], tools: Tools) -> list[Found]:
        return [replace(one, chunks=one.chunks[::2] + one.chunks[1::2][::-1]) for one in found]

    return ends_first
