"""The records that travel between stages; nothing else does.

All are frozen and hold plain values, so a record can be hashed, compared and stored without a pickle.
Character offsets count Python characters of ``Document.text`` and are half-open: ``text[start:end]``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Split = Literal["train", "dev", "test"]


@dataclass(frozen=True, slots=True)
class Span:
    """A passage: the characters ``[start, end)`` of one document's parsed text."""

    document_id: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Document:
    """One source text as the parser gave it."""

    id: str
    text: str
    title: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its accepted answers and the passages that support them.

    ``answers`` holds every accepted form, the preferred one first; it is empty only where ``answerable`` is False or
    the dataset judges retrieval alone. ``gold`` are the supporting passages, one or more per hop.
    ``relevance`` maps document ids to graded judgements (trec qrels); empty means "grade 1 for every gold document".
    ``fact_ids`` tie a test question to the training pair that states the same fact. ``kind`` names the sort of
    question (``single_hop``, ``multi_hop``, ``numeric``, ...), ``track`` the group it is reported in. ``metadata`` is
    the asker's (a user, groups), for document rights.
    """

    id: str
    text: str
    answers: tuple[str, ...]
    split: Split
    gold: tuple[Span, ...] = ()
    relevance: Mapping[str, int] = field(default_factory=dict)
    track: str = ""
    kind: str = ""
    fact_ids: tuple[str, ...] = ()
    answerable: bool = True
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def judgements(self) -> dict[str, int]:
        """Relevance grade by document id, derived from the gold passages where no qrels were given."""
        return dict(self.relevance) or {span.document_id: 1 for span in self.gold}


@dataclass(frozen=True, slots=True)
class Dataset:
    """Documents and questions under one name. ``language`` is an ISO 639-1 code; it drives stemming."""

    name: str
    documents: tuple[Document, ...]
    questions: tuple[Question, ...]
    language: str = "en"
    source: str = ""
    licence: str = ""

    def split(self, split: Split) -> tuple[Question, ...]:
        """The questions of one split, in the dataset's order."""
        return tuple(question for question in self.questions if question.split == split)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of one document. ``text`` is what a model reads, ``indexed`` what a retriever indexes (with the title,
    an added context or a hypothetical question where an enrichment put one). ``parent`` is the span of the larger
    passage that a hierarchical chunker cut it from."""

    id: str
    document_id: str
    start: int
    end: int
    text: str
    indexed: str
    parent: tuple[int, int] | None = None

    @property
    def span(self) -> Span:
        """Where the chunk stands; chunks of one passage that are indexed under several texts share it."""
        return Span(self.document_id, self.start, self.end)


@dataclass(frozen=True, slots=True)
class Hits:
    """Chunks found for one query, best first; ``scores`` are the retriever's own and fall (or stay) along the list."""

    chunk_ids: tuple[str, ...]
    scores: tuple[float, ...]

    @property
    def best(self) -> float | None:
        """The score of the first hit; ``None`` where nothing was found."""
        return self.scores[0] if self.scores else None


@dataclass(frozen=True, slots=True)
class Spent:
    """What a language model and the machine spent: tokens read and written, machine seconds."""

    prompt_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(
            self.prompt_tokens + other.prompt_tokens,
            self.output_tokens + other.output_tokens,
            self.seconds + other.seconds,
        )


@dataclass(frozen=True, slots=True)
class Context:
    """What the model is given to read for one question, in reading order. Empty for closed book. ``spent`` is what
    finding it took: query transformation, search, post-retrieval; ``best`` the search's own score of its first hit."""

    chunks: tuple[Chunk, ...] = ()
    spent: Spent = Spent()
    best: float | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt as text. ``prefix`` is a leading part of ``text`` that many prompts share (instruction, examples):
    a generator may compute it once. ``stop`` ends the answer at the first of these strings. ``messages`` are the same
    prompt as (role, content) turns, for endpoints that apply a chat template of their own; empty for plain text."""

    text: str
    prefix: str = ""
    stop: tuple[str, ...] = ("\n",)
    messages: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """A model's answer to one prompt. Token counts are the model's own. ``seconds`` is the machine time it took: its
    share of the batches it was part of. ``error`` is set where the call failed, and then the answer counts as wrong
    and is shown. ``citations`` are ids of chunks that were checked to hold the answer. ``confidence`` is how likely it
    is right, 0 to 1, where an intervention gives one."""

    text: str
    prompt_tokens: int
    output_tokens: int
    seconds: float = 0.0
    error: str = ""
    citations: tuple[str, ...] = ()
    confidence: float | None = None

    @property
    def spent(self) -> Spent:
        """Its tokens and seconds."""
        return Spent(self.prompt_tokens, self.output_tokens, self.seconds)


@dataclass(frozen=True, slots=True)
class TrainingPair:
    """One example for supervised tuning: the loss is taken on ``completion`` only. ``question`` is what it asks, for
    the leakage guard; empty where the prompt asks nothing."""

    prompt: str
    completion: str
    question_id: str = ""
    question: str = ""
