"""What a run measured for one configuration on the test split, before any of it is judged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eval.results import Arm, Latency, Scalar, Store, TrainingCard
from pipelines.flows import Outcome
from pipelines.records import Chunk, Hits

if TYPE_CHECKING:
    from eval.judging.results import Judged


@dataclass(frozen=True)
class OneOff:
    """Quantities paid once; for several training seeds the mean over them."""

    index_seconds: float = 0.0
    index_bytes: float = 0.0
    embedding_tokens: float = 0.0
    data_generation_seconds: float = 0.0
    data_generation_prompt_tokens: float = 0.0
    data_generation_output_tokens: float = 0.0
    feedback_prompt_tokens: float = 0.0
    feedback_output_tokens: float = 0.0
    feedback_api: str = ""
    reviewer_minutes: float = 0.0
    train_seconds: float = 0.0
    training_tokens: float = 0.0
    adapter_bytes: float = 0.0
    enrichment_prompt_tokens: float = 0.0
    enrichment_output_tokens: float = 0.0


@dataclass(frozen=True)
class Measured:
    """One configuration: what it is, what it answered (an outcome for each training seed, over the test questions in
    order), what its search found and how that was ranked in the end (``None`` where nothing is retrieved; ids of
    ``chunks``). ``fell_back`` counts questions whose rewriting gave nothing. ``api`` names the model that is paid by
    tokens; empty where answers are computed on machines of one's own. ``judged`` is what a judge said of the first
    seed's answers, ``learnt`` what stages learnt or chose on train and dev."""

    id: str
    arm: Arm
    inputs: tuple[str, ...]
    params: Mapping[str, Scalar]
    fingerprint: str
    selected_on_dev: bool
    dev_score: float
    dev: Mapping[str, float]
    outcomes: tuple[Outcome, ...]
    hits: tuple[Hits, ...] | None
    ranking: tuple[Hits, ...] | None
    chunks: Mapping[str, Chunk]
    one_off: OneOff
    latency: Latency | None
    store: Store
    fell_back: int = 0
    api: str = ""
    judged: "Judged | None" = None
    training: str = ""
    training_set: TrainingCard | None = None
    cross_model: bool = False
    learnt: Mapping[str, float] = field(default_factory=dict)
