"""What happens between the search and the prompt: found chunks are reranked, widened, cut. One file a technique."""

from collections.abc import Callable, Sequence
from typing import Protocol

from pipelines.records import Chunk
from pipelines.registry import Registry, field_of

CountTokens = Callable[[Sequence[str]], list[int]]
"""Tokens of each text, in the vocabulary of the model that will read them."""


class PostProcessor(Protocol):
    """One technique, configured."""

    def __call__(self, query: str, chunks: Sequence[Chunk], count_tokens: CountTokens) -> list[Chunk]:
        """The chunks to go on with, best first, from those found for ``query``, best first."""


post_processors: Registry[PostProcessor] = Registry(
    "post_retrieval", ["pipelines.post_retrieval"], "assay.post_retrieval"
)
PostProcessorField = field_of(post_processors)
