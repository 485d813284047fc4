"""What a stage has to compute before the first answer, in tokens; from this a dry run makes minutes."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class Volume:
    """How much there is to work on: tokens of all chunks, training questions, and the tokens of a question, a passage
    that is read for it, and an answer."""

    corpus: float
    questions: int
    question: float
    passage: float
    answer: float


@dataclass(frozen=True)
class Effort:
    """Tokens by what is done with them: ``embedded`` by a small encoder, ``read``, ``written`` and ``tuned`` (read,
    with its gradients) by the language model."""

    embedded: float = 0.0
    read: float = 0.0
    written: float = 0.0
    tuned: float = 0.0


@runtime_checkable
class Laborious(Protocol):
    """A config whose stage does more than embed the chunks with a small encoder."""

    def effort(self, volume: Volume) -> Effort:
        """What is computed before the first answer."""
