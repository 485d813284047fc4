"""Preference tuning: an adapter that has learnt to answer is taught which of its own answers people, or a scoring rule,
prefer. One file a technique; ``feedback`` says who prefers, ``sampling`` draws the answers that are judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pydantic import Field

from pipelines.finetuning.preference.feedback import FeedbackField
from pipelines.finetuning.preference.feedback.reference import ReferenceFeedback
from pipelines.registry import Registry, StageConfig, field_of


@dataclass(frozen=True)
class PreferencePair:
    """Two completions of one prompt, the better and the worse. ``question`` is for the leakage guard."""

    prompt: str
    chosen: str
    rejected: str
    question_id: str = ""
    question: str = ""


@dataclass(frozen=True)
class PreferenceTask:
    """One tuning: ``model`` is the base (it is used up), ``adapter`` the folder of the LoRA adapter to start from,
    which is the reference as well; the new adapter is left in ``folder`` in PEFT's format."""

    model: Any
    tokenizer: Any
    pairs: Sequence[PreferencePair]
    adapter: Path
    folder: Path
    base_name: str
    seed: int
    progress: Any = field(default=None)


class PreferenceTrainer(Protocol):
    """Tunes an adapter on preference pairs."""

    def __call__(self, task: PreferenceTask) -> Mapping[str, float]:
        """Returns measured quantities: ``seconds``, ``tokens`` (trained on, padding apart), ``steps``, ``loss``.
        Raises ``UserError`` where there is no pair, a pair is too long or the loss is no number."""


class PreferenceConfig(StageConfig):
    """What all preference tuning can be told."""

    feedback: FeedbackField = Field(ReferenceFeedback(), description="who says which answer is better")


preferences: Registry[PreferenceTrainer] = Registry(
    "preference", ["pipelines.finetuning.preference"], "assay.preference"
)
PreferenceField = field_of(preferences)
