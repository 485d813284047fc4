"""What a stage may call on while it works: the language model of its configuration, and the passages around a chunk."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from pipelines.generation import LanguageModel
from pipelines.records import Answer, Chunk, Document, Prompt

Complete = Callable[[Sequence[Prompt], int], list[Answer]]
"""Prompts and the most new tokens in; an answer for each, in order. Answers carry their tokens and seconds; where the
model failed ``error`` is set. In a run they come from the store where they are known."""


@dataclass(frozen=True)
class Passages:
    """The chunks of an index in document order, and the documents they were cut from."""

    chunks: Sequence[Chunk]
    documents: Mapping[str, Document]

    @cached_property
    def by_document(self) -> Mapping[str, tuple[Chunk, ...]]:
        """A document's distinct passages by their start; of chunks with one span (hypothetical questions) the first."""
        found: dict[str, dict[tuple[int, int], Chunk]] = {}
        for chunk in self.chunks:
            found.setdefault(chunk.document_id, {}).setdefault((chunk.start, chunk.end), chunk)
        return {name: tuple(spans[span] for span in sorted(spans)) for name, spans in found.items()}


@dataclass(frozen=True)
class Tools:
    """Handed to every stage that may need more than its inputs. ``language`` is the dataset's ISO 639-1 code."""

    model: LanguageModel
    complete: Complete
    passages: Passages = field(default_factory=lambda: Passages((), {}))
    language: str = "en"
