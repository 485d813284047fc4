"""Interventions: what reads along while a local model answers. It says how sure the answer is, and may steer it. One
file a technique; they lie apart from what they run, so that listing them loads no tensor library."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pydantic import Field

from pipelines.effort import Effort, Volume
from pipelines.learning import Report
from pipelines.registry import Registry, StageConfig, field_of

if TYPE_CHECKING:
    from pipelines.generation.decoding import Decoder
    from pipelines.generation.shapes import Shapes


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer of the model to a prompt, and how right it is: 0 to 1. ``greedy`` says that the model answers so by
    itself; otherwise the answer was drawn."""

    prompt: str
    answer: str
    label: float
    question_id: str = ""
    greedy: bool = True


@dataclass(frozen=True)
class Judgements:
    """Judged answers to questions of train and dev; never of test."""

    train: Sequence[Judged]
    dev: Sequence[Judged]
    seed: int

    @property
    def calibration(self) -> list[Judged]:
        """What probabilities are fitted on: the model's own answers to dev, which are like those it will give."""
        return [one for one in self.dev if one.greedy]


@dataclass(frozen=True)
class Subject:
    """The model that is read along with: its network, which an intervention may use up, and its tokenizer."""

    network: Any
    tokenizer: Any
    name: str
    shapes: "Shapes"


class InterventionConfig(StageConfig):
    """What an intervention learns from: answers of the model to questions of train and dev, and how right they are."""

    metric: Literal["correct", "f1", "exact_match", "contains", "rouge_l"] = Field(
        "correct", description="what says how right an answer is, against the accepted ones"
    )
    samples: int = Field(4, ge=0, le=64, description="answers drawn to each question, beside the greedy one")
    temperature: float = Field(1.0, gt=0, le=5, description="of the distribution that answers are drawn from")
    questions: int | None = Field(None, ge=1, description="train questions to ask, spread over the split; absent: all")

    def effort(self, volume: Volume) -> Effort:
        """Every question is read without and with its passages, answered once and by drawing."""
        asked = 2 * min(volume.questions, self.questions or volume.questions)
        prompt = volume.question + volume.passage / 2
        return Effort(read=asked * prompt, written=asked * (1 + self.samples) * volume.answer)

    def _trained(self, volume: Volume, epochs: int) -> Effort:
        """As ``effort``; and something is trained on all answers, each with its prompt."""
        asking = InterventionConfig.effort(self, volume)
        return replace(asking, tuned=epochs * ((1 + self.samples) * asking.read + asking.written))


class Intervention(Protocol):
    """Learns from judged answers, then answers with the model."""

    def fit(
        self, subject: Subject, judgements: Judgements, folder: Path, report: Report | None = None
    ) -> Mapping[str, float]:
        """Write what was learnt into ``folder`` (safetensors, JSON). Returns measured quantities: ``seconds``,
        ``tokens``, ``parameters`` added, ``log_loss`` on dev. Raises ``UserError``."""

    def decoder(self, subject: Subject, folder: Path) -> "Decoder":
        """Answers with the model; every answer has a ``confidence``."""


interventions: Registry[Intervention] = Registry(
    "intervention", ["pipelines.generation.interventions"], "assay.interventions"
)
InterventionField = field_of(interventions)
