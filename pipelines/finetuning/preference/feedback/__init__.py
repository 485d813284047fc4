"""Feedback on answers: who says which answer to a training question is better. One file a source."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field

from pipelines.finetuning.preference.feedback.records import Feedback
from pipelines.records import Question, Spent
from pipelines.registry import Registry, StageConfig, field_of
from pipelines.tools import Complete


@dataclass(frozen=True)
class Sampled:
    """A training question, the prompt it was asked with, and the different answers that were drawn."""

    prompt: str
    question: Question
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Sources:
    """What feedback may be made of. Nothing in here is of dev or test.

    ``score`` is a metric by name of an answer to a training question; ``complete`` asks a language model other than
    the tuned one; ``load`` gives the base model and its tokenizer afresh. What is learnt may be left in ``folder``.
    """

    sampled: Sequence[Sampled]
    score: Callable[[str, Question, str], float]
    complete: Callable[[StageConfig], tuple[Any, Complete]]
    load: Callable[[], tuple[Any, Any]]
    base_name: str
    folder: Path
    seed: int
    progress: Any = None


@dataclass(frozen=True)
class Collected:
    """Feedback, and what it took: ``spent`` on other models, ``seconds`` and ``tokens`` of training a reward model.
    ``counts`` say what was asked for and not got; ``measures`` what is known of the source (an accuracy)."""

    feedback: tuple[Feedback, ...]
    spent: Spent = field(default_factory=Spent)
    seconds: float = 0.0
    tokens: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)
    measures: Mapping[str, float] = field(default_factory=dict)

    @property
    def minutes(self) -> float:
        """What people spent."""
        return sum(one.minutes for one in self.feedback)


Source = Callable[[Sources], Collected]
"""Collects feedback. Raises ``UserError`` where what it needs is not there."""


class SampledConfig(StageConfig):
    """How the answers that are judged are drawn."""

    samples: int = Field(4, ge=2, le=64, description="answers drawn for each question")
    temperature: float = Field(1.0, gt=0, le=5, description="of the distribution that answers are drawn from")
    questions: int | None = Field(None, ge=1, description="train questions to ask, spread over the split; absent: all")


feedback_kinds: Registry[Source] = Registry("feedback", ["pipelines.finetuning.preference.feedback"], "assay.feedback")
FeedbackField = field_of(feedback_kinds)
