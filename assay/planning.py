"""The dry run: what a run would do, what the store already holds, and what the rest will take.

Minutes come from stated throughputs of a 2-core CPU with the embedded models, whatever the machine. Texts are counted
in characters, four to a token, so the estimate needs no model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from assay.experiment import Configuration, Experiment
from assay.interventions import AT_USE
from assay.preflight import preflight
from assay.progress import Progress
from assay.stages import Stages
from assay.store import Store
from eval.economics.prices import PriceBook, load_price_book
from pipelines.effort import Effort, Laborious, Volume
from pipelines.errors import UserError
from pipelines.generation.prompts import training_pair
from pipelines.records import Question
from pipelines.registry import StageConfig

CHARACTERS_PER_TOKEN = 4
READ_TOKENS_PER_SECOND = 1300.0
WRITTEN_TOKENS_PER_SECOND = 350.0
TUNED_TOKENS_PER_SECOND = 450.0
EMBEDDED_TOKENS_PER_SECOND = 8000.0
CHUNK_TOKENS = 80
ANSWER_TOKENS = 10
SHARED_SECONDS = 35.0
SECOND_RUN_SECONDS = 10.0
"""What a 2-core CPU does with the embedded models, roughly."""


@dataclass(frozen=True)
class Line:
    """One configuration: what of it the store holds, and the seconds the rest will take."""

    configuration: Configuration
    stored: str
    seconds: float


@dataclass(frozen=True)
class Plan:
    """The dry run of one experiment. ``shared_seconds`` are paid once (loading, choices on dev, statistics);
    ``refused`` is why a run would not begin, empty where it would."""

    experiment: Experiment
    lines: tuple[Line, ...]
    shared_seconds: float
    usd: float
    refused: str = ""

    @property
    def minutes(self) -> float:
        """Everything together."""
        return (self.shared_seconds + sum(line.seconds for line in self.lines)) / 60


def make_plan(experiment: Experiment, store: Path) -> Plan:
    """Plan without loading a model or writing a stage. Raises ``UserError`` for bad data, as the run would."""
    stages = Stages(experiment, Store(store), Progress())
    test, dev = stages.dataset.split("test"), stages.dataset.split("dev")[: experiment.prompt_questions]
    paid: set[str] = set()
    lines = []
    leads: set[str] = set()
    keys = [stages.finished_key(configuration) for configuration in experiment.configurations]
    finished = stages.store.records("finished").get_many(keys)
    for configuration in experiment.configurations:
        tries = len(experiment.prompts) if configuration.arm not in leads and configuration.prompt is None else 1
        leads.add(configuration.arm)
        asked = len(test) * (experiment.seeds if configuration.tuned else 1) + len(dev) * tries
        answered = stages.finished_key(configuration) in finished
        answering = asked * _answer_seconds(configuration, test) + experiment.latency.questions * 0.35
        seconds = 0.0 if answered else answering
        stored = []
        for name, key, needed in _work(stages, configuration):
            there = ":" not in key and stages.store.peek(key)
            stored.append(f"{name} {'stored' if there else 'to do'}")
            seconds += 0.0 if there or key in paid else needed
            paid.add(key)
        stored.append(f"answers {'stored' if answered else 'to do'}")
        lines.append(Line(configuration, ", ".join(dict.fromkeys(stored)), seconds))
    shared = SECOND_RUN_SECONDS if len(finished) == len(keys) else SHARED_SECONDS
    price = load_price_book(Path(experiment.economics.price_book) if experiment.economics.price_book else None)
    hours = (shared + sum(line.seconds for line in lines)) / 3600
    usd = hours * price.machine(experiment.economics.machine).usd_per_hour
    return Plan(experiment, tuple(lines), shared, usd, _refused(stages, price))


def _refused(stages: Stages, price: PriceBook) -> str:
    try:
        preflight(stages, price, ())
    except UserError as error:
        return str(error)
    return ""


def plan_table(plan: Plan) -> Table:
    """The plan for the terminal."""
    table = Table("configuration", "arm", "stages", "about")
    for line in plan.lines:
        table.add_row(line.configuration.id, line.configuration.arm, line.stored, f"{line.seconds:.0f} s")
    table.add_row("loading, choices, statistics", "", "", f"{plan.shared_seconds:.0f} s")
    table.add_section()
    table.add_row("together", "", "", f"{plan.minutes:.1f} min, ${plan.usd:.3f}")
    return table


def _work(stages: Stages, configuration: Configuration) -> list[tuple[str, str, float]]:
    """Stages with an entry of their own: name, fingerprint, seconds where it is not stored."""
    work = []
    if configuration.retrieved:
        characters = sum(len(document.text) for document in stages.dataset.documents)
        tokens = characters / CHARACTERS_PER_TOKEN
        chunks = stages.indexing.chunks_key(configuration)
        work.append(("chunks", chunks, 0.5))
        retriever = configuration.retriever
        assert retriever is not None
        # Vectors of the same chunks are made once; what a retriever learns is its own.
        unknown = f"{chunks}:index:{retriever if isinstance(retriever, Laborious) else ''}"
        indexes = stages.indexing.index_keys(configuration) if stages.store.peek(chunks) else [unknown]
        seconds = _seconds(retriever, _volume(stages, configuration, tokens))
        work += [("index", key, seconds / len(indexes)) for key in indexes]
    if configuration.intervention is not None:
        work.append(_intervention_work(stages, configuration, configuration.intervention))
    if configuration.finetuning is not None:
        work += _tuning_work(stages, configuration)
    return work


def _tuning_work(stages: Stages, configuration: Configuration) -> list[tuple[str, str, float]]:
    """As ``_work``, for each seed: the adapter, and what it learns from feedback."""
    set_key = stages.tuning.set_key(configuration)
    made = stages.store.peek(set_key)
    pairs = [training_pair(question) for question in stages.training]
    if made:
        pairs = list(stages.tuning.training_set(configuration)[1].pairs)
    tokens = sum(len(pair.prompt) + len(pair.completion) for pair in pairs) / CHARACTERS_PER_TOKEN
    # Weights that are there already have no epochs.
    tuning = tokens * getattr(configuration.finetuning, "epochs", 0) / TUNED_TOKENS_PER_SECOND
    work = []
    for seed in range(stages.experiment.seeds):
        unknown = f"{set_key}:{configuration.finetuning}:{seed}"
        key = stages.tuning.adapter_key(configuration, seed) if made else unknown
        work.append((f"adapter (seed {seed})", key, tuning))
        if configuration.preference is not None:
            # Its fingerprint follows from what the adapter answers.
            seconds = _preference_seconds(configuration.preference, tokens, len(pairs))
            work.append((f"preference (seed {seed})", f"{unknown}:{configuration.preference}", seconds))
    return work


def _intervention_work(stages: Stages, configuration: Configuration, config: StageConfig) -> tuple[str, str, float]:
    """As ``_work``, for all seeds together: what is learnt anew with each model, prompt and search."""
    read = (configuration.retriever, configuration.depth) if configuration.retrieved else None
    key = f"{config.model_dump(exclude=AT_USE)}:{configuration.prompt}:{configuration.tuned}:{read}"
    seconds = _seconds(config, _volume(stages, configuration, 0.0))
    return "intervention", key, seconds * (stages.experiment.seeds if configuration.tuned else 1)


def _volume(stages: Stages, configuration: Configuration, corpus: float) -> Volume:
    questions = stages.training
    passages = configuration.depth if configuration.retrieved else 0
    return Volume(corpus, len(questions), _question_tokens(questions), passages * CHUNK_TOKENS, ANSWER_TOKENS)


def _seconds(config: StageConfig, volume: Volume) -> float:
    """What a stage learns and embeds before the first answer; most only embed every chunk."""
    effort = config.effort(volume) if isinstance(config, Laborious) else Effort(embedded=volume.corpus)
    return (
        effort.embedded / EMBEDDED_TOKENS_PER_SECOND
        + effort.read / READ_TOKENS_PER_SECOND
        + effort.written / WRITTEN_TOKENS_PER_SECOND
        + effort.tuned / TUNED_TOKENS_PER_SECOND
    )


def _preference_seconds(config: StageConfig, tokens: float, questions: int) -> float:
    """Seconds for drawing the answers that feedback is given on, and for learning a pair of them for each question:
    two answers, read by the tuned weights and, at a third of the price, by the reference."""
    draws = getattr(getattr(config, "feedback", None), "samples", 0)
    drawing = tokens / READ_TOKENS_PER_SECOND + draws * questions * ANSWER_TOKENS / WRITTEN_TOKENS_PER_SECOND
    learning = 2 * (4 / 3) * tokens * getattr(config, "epochs", 1) / TUNED_TOKENS_PER_SECOND
    return (drawing if draws else 0.0) + learning


def _answer_seconds(configuration: Configuration, questions: Sequence[Question]) -> float:
    """Seconds one question takes in a batch."""
    passages = configuration.depth if configuration.retrieved else 1 if configuration.gold else 0
    read = _question_tokens(questions) + passages * CHUNK_TOKENS
    return read / READ_TOKENS_PER_SECOND + ANSWER_TOKENS / WRITTEN_TOKENS_PER_SECOND


def _question_tokens(questions: Sequence[Question]) -> float:
    """Of a question, on average."""
    return sum(len(question.text) for question in questions) / max(1, len(questions)) / CHARACTERS_PER_TOKEN
