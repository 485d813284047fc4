"""What happens between the search and the prompt: found chunks are reranked, widened, cut. One file a technique."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipelines.records import Chunk, Spent
from pipelines.registry import Registry, field_of
from pipelines.tools import Tools


@dataclass(frozen=True, slots=True)
class Found:
    """The chunks found for one query, best first. ``spent`` is what language models were asked for it on the way; the
    machine time of anything else is measured around the stage."""

    query: str
    chunks: tuple[Chunk, ...]
    spent: Spent = Spent()  # noqa: RUF009 - frozen


PostProcessor = Callable[[Sequence[Found], Tools], list[Found]]
"""As many ``Found`` out as in, each with the chunks to go on with, best first, or in reading order after ``reorder``.

A processor that learns from labelled questions is a ``pipelines.learning.Learner``, too."""

post_processors: Registry[PostProcessor] = Registry(
    "post_retrieval", ["pipelines.post_retrieval"], "assay.post_retrieval"
)
PostProcessorField = field_of(post_processors)
