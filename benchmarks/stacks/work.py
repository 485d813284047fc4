"""The work as plain data: what the stacks that know nothing of Assay are given to do."""

from pathlib import Path
from random import Random
from typing import Literal

from pydantic import BaseModel, ConfigDict

from assay.answering import Asking, prompts_for
from assay.contexts import gold_context
from assay.experiment import Configuration, Experiment
from assay.indexing import pair_chunk
from assay.progress import Progress
from assay.stages import Stages
from assay.store import Store
from eval.statistics.seeds import fan_out
from pipelines.errors import UserError
from pipelines.finetuning.lora import LoraFinetuning
from pipelines.flows import Generate
from pipelines.generation.prompts import training_pair
from pipelines.generation.weights import Weights, choose_dtype, locate_embedded_embedder
from pipelines.pre_retrieval.chunking.recursive import RecursiveConfig
from pipelines.records import Context, Question

MARK = "<<the question stands here>>"


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(Record):
    """A document, or a training pair that is indexed as one. ``title`` is indexed above the text."""

    title: str
    text: str


class Pair(Record):
    """One example for tuning."""

    prompt: str
    completion: str


class Asked(Record):
    """One test question. ``gold`` are its gold passages."""

    text: str
    answers: tuple[str, ...]
    answerable: bool
    gold: tuple[str, ...]


class Cell(Record):
    """One configuration. ``template`` is a LangChain prompt template with the fields context and question."""

    id: str
    tuned: bool
    context: Literal["none", "retrieved", "gold"]
    retriever: Literal["", "bm25", "dense", "hybrid"]
    depth: int
    pairs_indexed: bool
    template: str


class Tuning(Record):
    """LoRA settings, the same for every stack."""

    rank: int
    alpha: float
    epochs: int
    batch_size: int
    learning_rate: float
    warmup_ratio: float
    scheduler: str


class Work(Record):
    """Everything: models on disk, texts, questions and configurations. ``probe`` are positions of ``questions``;
    ``dtype`` is the one Assay computes in on this machine, and ``batch`` how many answers it decodes at once."""

    model: Path
    embedder: Path
    dtype: str
    batch: int
    language: str
    documents: tuple[Text, ...]
    chunk_size: int
    pairs: tuple[Pair, ...]
    pair_texts: tuple[Text, ...]
    tuning: Tuning | None
    cells: tuple[Cell, ...]
    questions: tuple[Asked, ...]
    probe: tuple[int, ...]
    max_new_tokens: int
    seed: int


def describe(experiment: Experiment, prompts: dict[str, str], weights: Weights, batch: int, scratch: Path) -> Work:
    """The experiment as plain data; ``prompts`` names, by configuration id, the prompt Assay chose on dev.

    Raises ``UserError`` for a configuration that the plain stack has no equivalent for.
    """
    for configuration in experiment.configurations:
        _require_equivalent(configuration)
    stages = Stages(experiment, Store(scratch), Progress())
    test, training = stages.dataset.split("test"), stages.training
    probed = Random(fan_out(experiment.seed, "latency")).sample(
        range(len(test)), min(experiment.latency.questions, len(test))
    )
    chunkers = {c.chunker for c in experiment.configurations if c.chunker is not None}
    tunings = {c.finetuning for c in experiment.configurations if c.finetuning is not None}
    if len(chunkers) > 1 or len(tunings) > 1:
        raise UserError("the plain stack takes one chunker and one finetuning; drop the configurations with others")
    chunker = next(iter(chunkers), RecursiveConfig())
    tuning = next(iter(tunings), None)
    return Work(
        model=weights.path,
        embedder=locate_embedded_embedder(),
        dtype=choose_dtype("cpu"),
        batch=batch,
        language=stages.dataset.language,
        documents=tuple(Text(title=document.title, text=document.text) for document in stages.dataset.documents),
        chunk_size=chunker.size if isinstance(chunker, RecursiveConfig) else 400,
        pairs=tuple(Pair(prompt=pair.prompt, completion=pair.completion) for pair in map(training_pair, training)),
        pair_texts=tuple(Text(title="", text=pair_chunk(question).text) for question in training),
        tuning=Tuning(**tuning.model_dump(include=set(Tuning.model_fields))) if tuning else None,
        cells=tuple(_cell(stages, c, prompts[c.id]) for c in experiment.configurations),
        questions=tuple(_asked(stages, question) for question in test),
        probe=tuple(probed),
        max_new_tokens=experiment.max_new_tokens,
        seed=experiment.seed,
    )


def _require_equivalent(configuration: Configuration) -> None:
    fits = {
        "llm": configuration.llm is None,
        "post": not configuration.post,
        "flow": configuration.flow.kind == "linear",
        "chunker": configuration.chunker is None or isinstance(configuration.chunker, RecursiveConfig),
        "finetuning": configuration.finetuning is None or isinstance(configuration.finetuning, LoraFinetuning),
        "retriever": configuration.retriever is None or configuration.retriever.kind in ("bm25", "dense", "hybrid"),
    }
    if unfit := [name for name, fit in fits.items() if not fit]:
        raise UserError(f"configuration {configuration.id}: the plain stack has no equivalent of its {unfit[0]}")


def _cell(stages: Stages, configuration: Configuration, prompt: str) -> Cell:
    """The configuration with its prompt as LangChain writes it: the worked examples spelt out, two fields left."""
    template = next(one for one in stages.experiment.prompts if one.name == prompt)
    frame = Question("frame", MARK, (), "test")
    asking = Asking(configuration, template, 0, (frame,))
    (rendered,) = prompts_for(stages, asking, Generate((frame,), (Context(),)))
    escaped = rendered.text.replace("{", "{{").replace("}", "}}")
    return Cell(
        id=configuration.id,
        tuned=configuration.tuned,
        context="gold" if configuration.gold else "retrieved" if configuration.retrieved else "none",
        retriever=configuration.retriever.kind if configuration.retriever else "",
        depth=configuration.depth,
        pairs_indexed=configuration.training_pairs_indexed,
        template=escaped.replace(f"Question: {MARK}", "{context}Question: {question}"),
    )


def _asked(stages: Stages, question: Question) -> Asked:
    gold = gold_context(stages.documents, question)
    return Asked(
        text=question.text,
        answers=question.answers,
        answerable=question.answerable,
        gold=tuple(chunk.text for chunk in gold.chunks),
    )
