"""The results contract: what one finished experiment says, as ``results.json``.

The JSON Schema of ``Results`` is published (``assay schema results``). A number that was not measured is absent
(``None`` or a missing key) and ``Results.absent`` says why; ``NaN`` is refused everywhere.
Units stand in the names: ``_usd`` US dollars, seconds for every latency, ``_mean`` tokens per question.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from eval.finance import DecisionMap, Staleness, Tornado
from eval.part import Estimate as Estimate
from eval.part import Interval as Interval
from eval.part import Part as Part

Arm = Literal["closed_book", "rag", "gold_context", "lora", "lora_rag", "lora_gold_context"]
ARMS: tuple[Arm, ...] = ("closed_book", "rag", "gold_context", "lora", "lora_rag", "lora_gold_context")
TUNED_ARMS: tuple[Arm, ...] = ("lora", "lora_rag", "lora_gold_context")
NEEDS_GOLD: tuple[Arm, ...] = ("gold_context", "lora_gold_context")
"""Arms that are given the gold passages, which nobody has in production."""

Number = Annotated[float, Field(allow_inf_nan=False)]
Scalar = str | int | float | bool | None


class Latency(Part):
    """Single-stream request times in seconds from the latency probe. A percentile is present only where at least five
    requests lie beyond it. ``stages`` are median seconds by stage (retrieve, prompt, prefill, decode)."""

    concurrency: int = 1
    warm: bool = True
    n: int
    p50: Interval
    p95: Interval | None = None
    p99: Interval | None = None
    ttft_p50: Interval | None = None
    cold_start: float | None = None
    stages: dict[str, float] = Field({})


class Tokens(Part):
    """Mean tokens per question; the input counts everything in the prompt, the retrieved context included."""

    input_mean: float
    output_mean: float


class Cost(Part):
    """Dollars from measured quantities and the price book. ``index_usd`` and ``train_usd`` are paid once,
    ``per_1k_questions_usd`` per thousand questions asked, ``hosting_usd_month`` per month whatever is asked.
    ``machines_at_peak`` are the machines that the busiest moment takes, ``load_at_peak`` before rounding up; absent
    behind an API. ``machine_usd_month`` is what hosting holds for each of them where they are dedicated."""

    index_usd: float
    train_usd: float
    per_1k_questions_usd: Interval
    hosting_usd_month: float
    per_correct_usd: Interval | None = None
    machines_at_peak: int | None = None
    load_at_peak: float | None = None
    machine_usd_month: float | None = None


class Roi(Part):
    """Return on investment against the named status quo over ``horizon_months``. ``payback_months`` is absent where
    the investment is not paid back within the horizon."""

    baseline: str
    horizon_months: float
    benefit_usd: Interval
    cost_usd: Interval
    net_usd: Interval
    ratio: Interval | None = None
    payback_months: Interval | None = None


class Store(Part):
    """Store entries read and computed for one configuration."""

    hits: int
    misses: int


class Agreement(Part):
    """How far a judge agrees with human labels on one quality, with a 95 % interval.

    ``n`` rows count; ``unparsable`` rows had no readable judgement, and on ``undecided`` rows the people had no
    majority. ``human`` is the same statistic between the people, the mean over pairs of them, where several voted.
    """

    statistic: Literal["cohen_kappa", "kendall_tau_b"]
    value: Number
    low: Number
    high: Number
    n: int
    unparsable: int = 0
    undecided: int = 0
    human: Number | None = None


class JudgeQuality(Part):
    """What stands behind one judged metric: who judged, how many questions (of which ``unparsable`` got a reply that
    could not be read and ``failed`` got none), how far repeats of one judgement lie apart (standard deviation), and how
    far the judge agrees with people, or why that is not known."""

    judge: str
    judged: int
    unparsable: int
    failed: int
    repeat_sd: Number | None = None
    agreement: Agreement | None = None
    no_agreement: str = ""


class ConfidenceQuality(Part):
    """What the confidence of answers is worth, means over training seeds. ``auroc`` is the chance that a right answer
    has more of it than a wrong one (absent where all are right or all wrong); ``calibration_error`` the mean gap from
    confidence to share right, in ten bins (Guo et al. 2017); ``risk_coverage_area`` the mean share of wrong answers
    as the least sure ones are left out (Geifman et al. 2019); ``correct_of_surest_half`` the share right there."""

    auroc: Estimate | None
    calibration_error: float
    risk_coverage_area: float
    correct_of_surest_half: float


class Lengths(Part):
    """Tokens of one part of a training set."""

    sum: int
    mean: float
    longest: int


class TrainingCard(Part):
    """What a tuned configuration learnt from. ``left_out`` counts what was thrown away or not got, by reason;
    ``tokens`` are by part: prompt, completion, text."""

    fingerprint: str = ""
    kinds: tuple[str, ...]
    pairs: int
    texts: int
    left_out: dict[str, int]
    tokens: dict[str, Lengths]


class ConfigurationResult(Part):
    """One configuration, judged on the test split. ``inputs`` names what it was given (documents, training pairs,
    gold passages). ``selected_on_dev`` marks the representative of its arm. ``diagnosis`` counts test questions by
    where the answer was lost (``eval.diagnosis.LABELS``, ``right`` included), summed over seeds."""

    id: str
    arm: Arm
    inputs: tuple[str, ...]
    params: dict[str, Scalar]
    fingerprint: str
    selected_on_dev: bool
    seeds: int = 1
    cross_model: bool = False
    errors: int = 0
    metrics: dict[str, Estimate]
    tracks: dict[str, dict[str, Estimate]]
    dev: dict[str, float] = Field({})
    diagnosis: dict[str, int] = Field({})
    judged: dict[str, JudgeQuality] = Field({})
    """By judged metric; what a judge scored stands in ``metrics`` like any other."""
    confidence: ConfidenceQuality | None = None
    """Where an intervention reads along (docs/interventions.md)."""
    latency: Latency | None = None
    training_set: TrainingCard | None = None
    learnt: dict[str, float] = Field({})
    """What its stages learnt or chose on train and dev, such as a weight, and how well that did on dev."""
    tokens: Tokens
    cost: Cost
    roi: Roi | None = None
    store: Store


class Comparison(Part):
    """A paired comparison on the same questions: ``delta`` is mean(a) - mean(b) with a simultaneous interval."""

    a: str
    b: str
    metric: str
    delta: float
    low: float
    high: float
    p: float
    p_adjusted: float
    verdict: Literal["a", "b", "equivalent", "undecided"]
    minimum_detectable: float
    margin: float
    method: str = ""
    exploratory: bool = False


class Volume(Part):
    """A number of questions; ``high`` is absent where the set is open to the right."""

    value: float
    low: float
    high: float | None = None


class BreakEven(Part):
    """From how many questions on ``a`` is cheaper (or worth more) than ``b``. ``on`` says which of the two."""

    a: str
    b: str
    on: Literal["cost", "net_value"]
    status: Literal["at", "always_a", "always_b", "undecided"]
    questions: Volume | None = None
    p_never: float


class Recommendation(Part):
    """The configuration to use and the sentence that says why, by the stated rule. ``decided`` is false where the data
    do not rule out that it falls short of the best by more than the margin."""

    id: str
    decided: bool = True
    because: str
    rule: str

    @property
    def headline(self) -> str:
        """The recommendation in a few words."""
        if self.decided:
            return f"Use {self.id}."
        return f"Not decided by these questions; the cheapest that is not ruled out is {self.id}."


class GridAnswer(Part):
    """One cell of the 2 x 3 grid for one question: what the arm's representative answered, and its price."""

    arm: Arm
    configuration: str
    answer: str
    correct: bool
    usd: float
    passages: tuple[str, ...] = ()


class Showcase(Part):
    """One question answered by every cell of the grid."""

    question_id: str
    question: str
    expected: str
    track: str
    answers: tuple[GridAnswer, ...]


class FactChange(Part):
    """A fact that changed in the documents, and what each representative answers the day after: retrieval sees the new
    documents (re-indexed), the tuned model has the weights of the day before."""

    question: str
    before: str
    after: str
    answers_before: tuple[GridAnswer, ...]
    answers_after: tuple[GridAnswer, ...]


class SmallSample(Part):
    """How often each configuration would have come first on ``questions`` questions drawn at random from test:
    ``winners`` maps configuration ids to shares of ``draws``; ``another`` is the share won by any but the first."""

    questions: int
    draws: int
    winners: dict[str, float]
    another: float


class DatasetInfo(Part):
    """What was asked. ``questions`` counts by split, ``tracks`` counts test questions by track."""

    name: str
    fingerprint: str
    language: str
    documents: int
    questions: dict[str, int]
    tracks: dict[str, int]
    source: str = ""
    licence: str = ""


class Environment(Part):
    """The machine and the library versions the run was made with."""

    python: str
    packages: dict[str, str]
    cpu: str
    gpu: str | None
    threads: int


class Scenario(Part):
    """The volume and worth the money is reckoned at (declared by the user, not measured). ``churn_per_month`` is the
    share of answers whose facts change in a month; ``billing`` says how machines of one's own are paid for."""

    questions_per_month: float
    horizon_months: float
    correct_usd: float
    wrong_usd: float
    escalation_usd: float
    status_quo: str
    price_book: str
    prices_dated: str
    churn_per_month: float = 0.0
    retrain_months: float | None = None
    reindex_months: float | None = None
    billing: Literal["per_use", "dedicated"] = "per_use"


class Results(Part):
    """Everything one experiment found."""

    schema_version: Literal[1] = 1
    name: str
    created: datetime
    seed: int
    primary_metric: str
    dataset: DatasetInfo
    environment: Environment
    scenario: Scenario
    configurations: tuple[ConfigurationResult, ...]
    comparisons: tuple[Comparison, ...]
    track_comparisons: dict[str, tuple[Comparison, ...]] = Field({})
    """The same contrasts on the questions of each track alone; simultaneous over all tracks."""
    break_even: tuple[BreakEven, ...]
    pareto: tuple[str, ...]
    recommendation: Recommendation
    showcase: Showcase | None = None
    fact_change: FactChange | None = None
    staleness: Staleness | None = None
    tornado: Tornado | None = None
    decision_map: DecisionMap | None = None
    small_sample: SmallSample | None = None
    forgetting: dict[str, dict[str, Estimate]] = Field({})
    warnings: tuple[str, ...] = ()
    neighbours: str = ""
    """Questions of dev and test that are worded much like a training question with another answer; empty for none."""
    absent: dict[str, str] = Field({})
    timings: dict[str, float] = Field({})

    def save(self, path: Path) -> None:
        """Write ``results.json`` in one step, so that a reader never sees half of it."""
        part = path.with_suffix(".part")
        part.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> "Results":
        """Read a ``results.json``."""
        return cls.model_validate_json(path.read_text(encoding="utf-8"))

    def configuration(self, identifier: str) -> ConfigurationResult:
        """The configuration with this id. Raises ``KeyError``."""
        for configuration in self.configurations:
            if configuration.id == identifier:
                return configuration
        raise KeyError(identifier)

    def representative(self, arm: Arm) -> ConfigurationResult | None:
        """The configuration that dev chose for this arm."""
        return next((c for c in self.configurations if c.arm == arm and c.selected_on_dev), None)
