"""A search whose model also writes the answers, and so decides itself when to search."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from pipelines.records import Answer, Chunk

Allowed = Callable[[int, Chunk], bool]
"""Whether the question at this place may be answered from the chunk."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What one question may use: searches, passages read after each, generated tokens."""

    searches: int
    depth: int
    max_new_tokens: int


@dataclass(frozen=True, slots=True)
class Wrote:
    """An answer and the chunks that were read for it, in order. The answer's ``prompt_tokens`` are all that were read,
    each counted as often as it went through the model. ``passes`` are forward passes of the model, ``times`` are
    seconds by step: ``retrieve``, ``prefill`` (until its first token is known) and ``decode``."""

    answer: Answer
    chunks: tuple[Chunk, ...]
    passes: int
    times: Mapping[str, float]


@runtime_checkable
class WritingSearch(Protocol):
    """What opening a retriever gives where its model generates too; beside this it is a ``Search`` like any."""

    def write(self, questions: Sequence[str], budget: Budget, allowed: Allowed) -> list[Wrote]:
        """The answer to each question, searching and reading wherever the model asks for it."""
