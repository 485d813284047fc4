"""Asking the test split: what every configuration answers, finds and uses up."""

from collections.abc import Mapping, Sequence

import numpy as np

from assay.answering import Asking, ask
from assay.experiment import Configuration, Experiment
from assay.fingerprint import fingerprint
from assay.learnt import learnt
from assay.naming import flatten
from assay.preferences import feedback_api
from assay.retrieval import Retrieved
from assay.selection import Selection
from assay.stages import Stages
from assay.store import Entry
from eval.measured import Measured, OneOff
from eval.results import Latency, Scalar, Store
from pipelines.finetuning.data.pairs import PairsConfig
from pipelines.flows import Outcome
from pipelines.records import Question


def measure(stages: Stages, selection: Selection, latencies: Mapping[str, Latency]) -> list[Measured]:
    """Everything the evaluator needs, one ``Measured`` for each configuration in the experiment's order."""
    questions = stages.dataset.split("test")
    outcomes = ask_all(stages, selection, questions, "answering test questions")
    return [
        _measured(stages, selection, c, questions, outcomes[c.id], latencies.get(c.id))
        for c in stages.experiment.configurations
    ]


def ask_all(
    stages: Stages, selection: Selection, questions: Sequence[Question], label: str
) -> dict[str, tuple[Outcome, ...]]:
    """Outcomes by configuration id, one for each training seed; everything is asked in one pool."""
    askings = [
        Asking(configuration, selection.templates[configuration.id], seed, tuple(questions))
        for configuration in stages.experiment.configurations
        for seed in seeds_of(stages, configuration)
    ]
    found: dict[str, tuple[Outcome, ...]] = {}
    for asking, outcome in zip(askings, ask(stages, askings, label), strict=True):
        found[asking.configuration.id] = (*found.get(asking.configuration.id, ()), outcome)
    return found


def seeds_of(stages: Stages, configuration: Configuration) -> range:
    """The training seeds of a configuration; an untuned one has a single one."""
    return range(stages.experiment.seeds if configuration.tuned else 1)


def _measured(
    stages: Stages,
    selection: Selection,
    configuration: Configuration,
    questions: Sequence[Question],
    outcomes: tuple[Outcome, ...],
    latency: Latency | None,
) -> Measured:
    template = selection.templates[configuration.id]
    dev = selection.scores[configuration.id]
    adapters = [entry for seed in seeds_of(stages, configuration) if (entry := stages.adapter(configuration, seed))]
    fitted = [stages.interventions.entry(configuration, seed) for seed in seeds_of(stages, configuration)]
    along = [entry for entry in fitted if entry is not None]
    retrieved = _retrieved(stages, configuration, questions)
    return Measured(
        id=configuration.id,
        arm=configuration.arm,
        inputs=_inputs(configuration),
        params=_params(stages, configuration, template.name),
        fingerprint=_fingerprint(stages, configuration, template, [*adapters, *along]),
        selected_on_dev=selection.representatives[configuration.arm] == configuration.id,
        dev_score=dev[template.name],
        dev=dev,
        outcomes=outcomes,
        hits=retrieved.hits if retrieved else None,
        ranking=retrieved.ranking if retrieved else None,
        fell_back=retrieved.fell_back if retrieved else 0,
        chunks=stages.indexing.by_id(configuration) if configuration.retrieved else {},
        one_off=one_off(stages, configuration, adapters, along),
        latency=latency,
        api=stages.model(configuration).name if stages.model(configuration).paid_by_token else "",
        store=Store(hits=stages.hits_by_id[configuration.id], misses=stages.misses[configuration.id]),
        training=fingerprint([entry.content for entry in adapters]) if adapters else "",
        training_set=stages.tuning.card(configuration) if adapters else None,
        cross_model=configuration.llm is not None and configuration.llm != stages.experiment.llm,
        learnt=learnt(stages, configuration, along),
    )


def _retrieved(stages: Stages, configuration: Configuration, questions: Sequence[Question]) -> Retrieved | None:
    """What the retriever finds for the questions as they stand; nothing where nothing is retrieved."""
    if not configuration.retrieved:
        return None
    return stages.retrieval.retrieve(configuration, questions, [question.text for question in questions])


def one_off(
    stages: Stages, configuration: Configuration, adapters: Sequence[Entry], along: Sequence[Entry] = ()
) -> OneOff:
    """Quantities paid once. ``adapters`` and the interventions ``along`` are one for each training seed."""
    entries = stages.indexing.indexes(configuration) if configuration.retrieved else []
    chunked = [stages.indexing.chunks(configuration)[0]] if configuration.retrieved else []
    learnt = stages.retrieval.learnt(configuration) if configuration.retrieved else []
    written = [stages.tuning.training_set(configuration)[0]] if adapters else []
    indexing = sum(_machine_seconds(entry) for entry in [*entries, *chunked])
    training = sum(entry.quantities["seconds"] for entry in learnt)
    training += sum(entry.quantities.get("learning_seconds", 0.0) for entry in entries)

    def mean(name: str) -> float:
        """Of an adapter and an intervention, over the training seeds."""
        return sum(_mean([entry.quantities.get(name, 0.0) for entry in some]) for some in (adapters, along))

    return OneOff(
        index_seconds=indexing - sum(entry.quantities.get("learning_seconds", 0.0) for entry in entries),
        index_bytes=float(sum(_bytes(entry) for entry in entries)),
        embedding_tokens=sum(entry.quantities.get("embedding_tokens", 0.0) for entry in entries),
        data_generation_seconds=sum(_machine_seconds(entry) for entry in written) + mean("generation_seconds"),
        data_generation_prompt_tokens=sum(entry.quantities["prompt_tokens"] for entry in written)
        + mean("generation_prompt_tokens"),
        data_generation_output_tokens=sum(entry.quantities["output_tokens"] for entry in written)
        + mean("generation_output_tokens"),
        feedback_prompt_tokens=mean("feedback_prompt_tokens"),
        feedback_output_tokens=mean("feedback_output_tokens"),
        feedback_api=feedback_api(configuration),
        reviewer_minutes=sum(entry.quantities["reviewer_minutes"] for entry in written)
        + mean("reviewer_minutes")
        + indexed_pairs_minutes(stages.experiment, configuration),
        train_seconds=mean("seconds") + training,
        training_tokens=mean("tokens"),
        adapter_bytes=sum(_mean([float(_bytes(entry)) for entry in some]) for some in (adapters, along))
        + sum(_bytes(entry) for entry in learnt),
        enrichment_prompt_tokens=sum(entry.quantities.get("prompt_tokens", 0.0) for entry in chunked),
        enrichment_output_tokens=sum(entry.quantities.get("output_tokens", 0.0) for entry in chunked),
    )


def indexed_pairs_minutes(experiment: Experiment, configuration: Configuration) -> float:
    """What people spent on the training pairs in a configuration's index: the most that any configuration says its
    ``pairs`` took, less what this one pays for them as training data already."""
    if not configuration.training_pairs_indexed:
        return 0.0

    def declared(one: Configuration) -> float:
        return max((data.reviewer_minutes for data in one.training_data if isinstance(data, PairsConfig)), default=0.0)

    return max(map(declared, experiment.configurations)) - declared(configuration)


def _machine_seconds(entry: Entry) -> float:
    """What an entry took, with what it found done before (vectors, answers of a language model) at its first cost."""
    found = entry.quantities
    return (
        found["seconds"] - found.get("waited", 0.0) + found.get("model_seconds", 0.0) + found.get("reused_seconds", 0.0)
    )


def _bytes(entry: Entry) -> int:
    return sum(path.stat().st_size for path in entry.folder.rglob("*") if path.is_file())


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0


def _inputs(configuration: Configuration) -> tuple[str, ...]:
    given = {
        "documents": configuration.retrieved,
        "gold passages": configuration.gold,
        "training pairs (tuned on)": configuration.tuned,
        "training pairs (indexed)": configuration.training_pairs_indexed,
        "training pairs (intervention)": configuration.intervention is not None,
    }
    return tuple(name for name, there in given.items() if there)


def _params(stages: Stages, configuration: Configuration, prompt: str) -> dict[str, Scalar]:
    unused = () if configuration.retrieved else ("depth", "enrichment", "training_pairs_indexed")
    data = configuration.model_dump(exclude={"id", "arm", "prompt", *unused})
    llm = (configuration.llm or stages.experiment.llm).model_dump()
    return {**flatten({**data, "llm": llm}), "prompt": prompt, "llm.model": stages.model(configuration).name}


def _fingerprint(stages: Stages, configuration: Configuration, template: object, adapters: Sequence[Entry]) -> str:
    pipeline = configuration.model_dump(exclude={"id", "prompt"})
    trained = [entry.content for entry in adapters]
    indexed = [entry.content for entry in stages.indexing.indexes(configuration)] if configuration.retrieved else []
    identity = stages.model(configuration).identity
    learnt = [entry.content for entry in stages.retrieval.learnt(configuration)] if configuration.retrieved else []
    return fingerprint(
        pipeline, template, trained, indexed, learnt, identity, stages.dataset_fingerprint, stages.experiment.seed
    )
