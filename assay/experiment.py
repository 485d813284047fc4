"""The experiment: a dataset, models and configurations, as one validated schema."""

from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from eval.economics.terms import Economics as Economics
from eval.judging.config import JudgeConfig
from eval.results import ARMS, TUNED_ARMS, Arm
from pipelines.corpus import DatasetField
from pipelines.finetuning import FinetuningField
from pipelines.finetuning.data import TrainingDataField
from pipelines.finetuning.preference import PreferenceField
from pipelines.flows import FlowField
from pipelines.flows.linear import LinearFlow
from pipelines.generation import LanguageModelField
from pipelines.generation.answering import StrategyField
from pipelines.generation.answering.stuff import StuffConfig
from pipelines.generation.interventions import InterventionField
from pipelines.generation.prompts import DEFAULT_TEMPLATES, PromptTemplate
from pipelines.post_retrieval import PostProcessorField
from pipelines.pre_retrieval.chunking import ChunkerField
from pipelines.pre_retrieval.enrichment import EnrichmentField
from pipelines.pre_retrieval.enrichment.title import TitleConfig
from pipelines.pre_retrieval.query import QueryTransformField
from pipelines.registry import Closed, StageConfig, nearest
from pipelines.retrieval import RetrieverField
from pipelines.retrieval.filters import FilterField

RETRIEVED_ARMS: tuple[Arm, ...] = ("rag", "lora_rag")
RETRIEVAL_FIELDS = ("chunker", "query", "retriever", "filter", "candidates", "rerank", "post")
STAGE_FIELDS = ("chunker", "retriever", "finetuning", "preference", "intervention", "llm")
CANDIDATES = 20
"""Hits that are reranked where an experiment does not say how many."""
Metric = Literal["f1", "correct", "exact_match", "contains", "rouge_l"]


class Sample(Closed):
    """A cut of the dataset. Gold documents of the kept questions stay; the rest are random distractors."""

    documents: int | None = Field(None, gt=0, description="documents to keep; absent keeps all")
    train: int | None = Field(
        None, ge=0, description="training pairs to keep, spread over the tracks; absent keeps all"
    )
    dev: int | None = Field(None, gt=0, description="dev questions to keep, likewise")
    test: int | None = Field(None, gt=0, description="test questions to keep, likewise")


class Configuration(Closed):
    """One full pipeline, in one cell of the grid weights x context."""

    id: str = Field(
        "", pattern=r"^[A-Za-z0-9_.-]*$", description="name in every table; made from what varies if absent"
    )
    arm: Arm = Field(description="the cell: closed_book, rag, gold_context, lora, lora_rag or lora_gold_context")
    chunker: ChunkerField | None = Field(None, description="how documents are cut; retrieved arms only")
    enrichment: tuple[EnrichmentField, ...] = Field(
        (TitleConfig(),), description="what is indexed with each chunk; retrieved arms only"
    )
    training_pairs_indexed: bool = Field(False, description="index the training pairs beside the documents as well")
    query: QueryTransformField | None = Field(None, description="what is searched for in place of the question")
    retriever: RetrieverField | None = Field(None, description="how passages are found; retrieved arms only")
    filter: FilterField | None = Field(None, description="which documents a question may be answered from")
    candidates: int | None = Field(
        None, ge=1, le=1000, description="passages that are reranked; absent: 20, or depth where nothing reranks"
    )
    rerank: tuple[PostProcessorField, ...] = Field(
        (), description="what is done with the candidates before they are cut to depth, in this order"
    )
    depth: int = Field(3, ge=1, le=100, description="passages put in the prompt; retrieved arms only")
    post: tuple[PostProcessorField, ...] = Field(
        (), description="what is done with the passages that are left, in this order"
    )
    flow: FlowField = Field(LinearFlow(), description="in which order the stages are called")
    answer: StrategyField = Field(StuffConfig(), description="how the passages become one answer")
    training_data: tuple[TrainingDataField, ...] = Field(
        (), description="what the weights are tuned on, all of it together; tuned arms only"
    )
    finetuning: FinetuningField | None = Field(None, description="how the weights are tuned; tuned arms only")
    preference: PreferenceField | None = Field(
        None, description="what the adapter learns of which answers are better, after finetuning; tuned arms only"
    )
    llm: LanguageModelField | None = Field(None, description="another language model than the experiment's")
    intervention: InterventionField | None = Field(
        None, description="what reads along while the model answers, for a confidence or to steer it; needs a prompt"
    )
    prompt: str | None = Field(None, description="a prompt by name; absent lets the dev split choose")

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, data: Any) -> Any:
        """What a cell needs and the file leaves out: how documents are cut, how weights are tuned."""
        if isinstance(data, dict):
            needed = {"chunker": RETRIEVED_ARMS, "finetuning": TUNED_ARMS, "training_data": TUNED_ARMS}
            usual: dict[str, Any] = {"chunker": "recursive", "finetuning": "lora", "training_data": ["pairs"]}
            missing = {
                name: usual[name] for name, arms in needed.items() if data.get("arm") in arms and not data.get(name)
            }
            data = {**data, **missing}
        return data

    @model_validator(mode="after")
    def _fits_its_cell(self) -> "Configuration":
        if self.retrieved and self.retriever is None:
            raise ValueError(f"arm {self.arm} needs a retriever")
        for name in RETRIEVAL_FIELDS:
            if not self.retrieved and getattr(self, name):
                raise ValueError(f"arm {self.arm} retrieves nothing: leave {name} out")
        if self.candidates is not None and self.candidates < self.depth:
            raise ValueError(f"candidates ({self.candidates}) must not be fewer than depth ({self.depth})")
        for name in ("finetuning", "training_data", "preference"):
            if not self.tuned and getattr(self, name):
                raise ValueError(f"arm {self.arm} is not tuned: leave {name} out")
        if self.preference is not None and self.finetuning is not None and self.finetuning.kind == "full":
            raise ValueError("preference tunes an adapter: take finetuning lora")
        if self.intervention is not None and self.prompt is None:
            raise ValueError("an intervention learns from answers to one prompt: name it in prompt")
        if self.training_pairs_indexed and not self.retrieved:
            raise ValueError(f"arm {self.arm} has no index for the training pairs")
        return self

    @property
    def tuned(self) -> bool:
        """Whether the weights are tuned."""
        return self.arm in TUNED_ARMS

    @property
    def retrieved(self) -> bool:
        """Whether the context is retrieved."""
        return self.arm in RETRIEVED_ARMS

    @property
    def found(self) -> int:
        """How many hits the search hands on."""
        return self.candidates or (max(self.depth, CANDIDATES) if self.rerank else self.depth)

    @property
    def gold(self) -> bool:
        """Whether the context is the gold passages."""
        return self.arm.endswith("gold_context")


class LatencyProbe(Closed):
    """Single-stream requests, uncached, interleaved over all configurations in random order."""

    questions: int = Field(20, ge=0, description="test questions asked of every configuration; 0 skips the probe")
    warm_up: int = Field(1, ge=0, description="requests before the clock starts, for each configuration")


class ForgettingProbe(Closed):
    """Questions of general knowledge, asked of a model before and after its tuning."""

    questions: int = Field(50, ge=0, description="questions asked, at most the 50 there are; 0 skips the probe")


class Experiment(Closed):
    """Everything one run needs. ``assay schema`` prints this as JSON Schema for editors."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]+$", description="folder below runs/ and name in MLflow")
    description: str = Field("", description="what is asked, in a sentence")
    dataset: DatasetField = Field(description="documents and questions")
    sample: Sample = Field(Sample(), description="use a part of the dataset")
    llm: LanguageModelField = Field(description="the base model of all arms")
    seed: int = Field(0, ge=0, description="one seed; every random choice draws from it by name")
    seeds: int = Field(1, ge=1, le=20, description="adapters trained for each tuned configuration")
    primary_metric: Metric = Field("f1", description="what choices and verdicts are made by")
    max_new_tokens: int = Field(32, ge=1, description="longest answer, in tokens of the model")
    prompts: tuple[PromptTemplate, ...] = Field(
        DEFAULT_TEMPLATES, min_length=1, description="candidates, for every arm"
    )
    prompt_questions: int = Field(30, ge=1, description="dev questions on which an arm chooses its prompt")
    configurations: tuple[Configuration, ...] = Field(min_length=1, description="the pipelines to compare")
    contrasts: tuple[tuple[str, str], ...] = Field(
        (),
        description="pairs of arms or ids; absent: each arm against rag, closed_book; with one arm alone, the "
        "configuration that dev chose against the others",
    )
    margin: float = Field(0.03, gt=0, lt=1, description="differences of the primary metric below this do not matter")
    judge: JudgeConfig | None = Field(None, description="a language model that judges answers; absent: none does")
    latency: LatencyProbe = Field(LatencyProbe(), description="the latency probe")
    economics: Economics = Field(Economics(), description="prices, volume and worth")
    forgetting: ForgettingProbe = Field(
        ForgettingProbe(), description="questions from outside the domain, asked of tuned models before and after"
    )

    @field_validator("configurations", mode="after")
    @classmethod
    def _name(cls, configurations: tuple[Configuration, ...]) -> tuple[Configuration, ...]:
        from assay.naming import with_ids

        return with_ids(configurations)

    @model_validator(mode="after")
    def _consistent(self) -> "Experiment":
        known = [template.name for template in self.prompts]
        for index, name in enumerate(known):
            if name in known[:index]:
                raise _problem(("prompts", index, "name"), f"two candidates are named {name!r}")
        for index, configuration in enumerate(self.configurations):
            if configuration.prompt is not None and configuration.prompt not in known:
                raise _problem(("configurations", index, "prompt"), f"no prompt is named {configuration.prompt!r}")
        names = {configuration.id for configuration in self.configurations} | set(ARMS)
        for index, pair in enumerate(self.contrasts):
            for side, name in enumerate(pair):
                if name not in names:
                    what = f"{name!r} is neither an arm nor the id of a configuration"
                    raise _problem(("contrasts", index, side), f"{what}; {nearest(name, sorted(names))}")
        if self.economics.status_quo not in names | {"no_system"}:
            what = f"{self.economics.status_quo!r} is no configuration of this experiment"
            raise _problem(("economics", "status_quo"), what)
        return self


def _problem(location: tuple[str | int, ...], message: str) -> ValidationError:
    """An error at a place of the experiment that pydantic itself did not look at."""
    problem = PydanticCustomError("inconsistent", "{message}", {"message": message})
    return ValidationError.from_exception_data(
        "Experiment", [InitErrorDetails(type=problem, loc=location, input=message)]
    )


def stage_configs(configuration: Configuration) -> dict[str, StageConfig]:
    """The stages of a configuration that are set, by field name."""
    named = {name: getattr(configuration, name) for name in STAGE_FIELDS}
    return {name: config for name, config in named.items() if config is not None}
