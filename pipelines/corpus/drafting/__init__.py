"""Questions drafted from documents, for a person to review or a model to be tuned on.

``facts`` reads tables and ``key: value`` lines by rule, ``written`` asks a language model about passages, ``draft``
puts both together, ``splits`` divides them and ``reviews`` is what a person decided.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipelines.records import Span


@dataclass(frozen=True, slots=True)
class Draft:
    """A question, its answer as it stands in the document, and the passage that holds it. ``kind`` says how it was
    made: ``table``, ``key_value`` or ``written``."""

    question: str
    answer: str
    passage: Span
    kind: str

    @property
    def fact_id(self) -> str:
        """Names the passage: two questions with one fact id must not stand in different splits by accident."""
        return f"{self.passage.document_id}@{self.passage.start}-{self.passage.end}"


@dataclass(frozen=True)
class Drafts:
    """What was kept, and how much was thrown away, by reason."""

    kept: tuple[Draft, ...] = ()
    dropped: Mapping[str, int] = field(default_factory=dict)
