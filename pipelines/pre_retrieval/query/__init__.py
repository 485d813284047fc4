"""What is searched for in place of a question: rewritten, widened or taken apart. One file a technique."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipelines.records import Spent
from pipelines.registry import Registry, field_of
from pipelines.tools import Tools


@dataclass(frozen=True, slots=True)
class Queries:
    """The searches for one question; the hits of several are merged by reciprocal rank. ``spent`` is what a language
    model took to write them. ``fell_back`` marks a question that is searched as it stands because nothing usable was
    written."""

    texts: tuple[str, ...]
    spent: Spent = Spent()  # noqa: RUF009 - frozen
    fell_back: bool = False


QueryTransform = Callable[[Sequence[str], Tools], list[Queries]]
"""Questions in, as many ``Queries`` out. Never an empty one: what came out empty falls back to the question."""

query_transforms: Registry[QueryTransform] = Registry(
    "query", ["pipelines.pre_retrieval.query"], "assay.query_transforms"
)
QueryTransformField = field_of(query_transforms)
