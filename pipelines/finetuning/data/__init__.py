"""What a model is tuned on: examples made of training questions and documents. One file a technique."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pipelines.records import Document, Hits, Question, TrainingPair
from pipelines.registry import Registry, field_of
from pipelines.tools import Tools


@dataclass(frozen=True)
class Sources:
    """What examples may be made of. Nothing in here is of dev or test.

    ``questions`` are the train split, ``documents`` the corpus by id; ``tools.passages`` are its passages as the
    configuration cuts them, ``search`` finds some of them for texts (ids of passages, best first) and is ``None``
    where the configuration retrieves nothing. ``seed`` is for every random choice.
    """

    questions: Sequence[Question]
    documents: Mapping[str, Document]
    tools: Tools
    seed: int
    search: Callable[[Sequence[str], int], list[Hits]] | None = None


@dataclass(frozen=True)
class TrainingSet:
    """Examples for supervised tuning, and texts for continued pre-training, which are learnt before the examples.

    ``reviewer_minutes`` are what people spent on them; ``counts`` say what was asked for and not got (questions that
    were written and thrown away, by reason).
    """

    pairs: tuple[TrainingPair, ...] = ()
    texts: tuple[str, ...] = ()
    reviewer_minutes: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)


TrainingData = Callable[[Sources], TrainingSet]
"""Makes examples. Raises ``UserError`` where what it needs is not there."""

training_data: Registry[TrainingData] = Registry("training_data", ["pipelines.finetuning.data"], "assay.training_data")
TrainingDataField = field_of(training_data)
