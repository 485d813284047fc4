"""The best chunks alone: a second cut, after a processor that needed more of them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field

from pipelines.post_retrieval import Found, PostProcessor, post_processors
from pipelines.registry import StageConfig
from pipelines.tools import Tools


class TopConfig(StageConfig):
    """The best chunks alone, a fixed number of them."""

    kind: Literal["top"] = "top"
    number: int = Field(default=3, ge=1, description="chunks kept, from the best on")


@post_processors.kind(TopConfig)
def top(config: TopConfig) -> PostProcessor:
    """Keeps the first ``number`` chunks of each list."""

    def keep(found: Sequence[Found], tools: Tools) -> list[Found]:
        return [replace(one, chunks=one.chunks[: config.number]) for one in found]

    return keep
