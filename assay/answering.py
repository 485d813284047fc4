"""Asking: the flows of many configurations advance together, and what they ask of one model shares its batches.

Every answer is kept in the store by its prompt as soon as it is there, so equal prompts are answered once and a killed
run goes on where it stopped.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assay.contexts import contexts_for, example_context
from assay.experiment import Configuration
from assay.fingerprint import code_hash, fingerprint
from assay.stages import Stages
from assay.store import Records
from eval.statistics.seeds import fan_out
from pipelines.flows import Generate, Outcome, Retrieve, Steps, flows
from pipelines.generation.prompts import PromptTemplate, choose_examples, render
from pipelines.records import Answer, Prompt, Question

KEPT_TOGETHER = 16
"""Answers written to the store in one transaction: what a kill may cost."""


@dataclass(frozen=True)
class Asking:
    """A configuration asked a set of questions with one prompt template and one training seed."""

    configuration: Configuration
    template: PromptTemplate
    seed: int
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Request:
    """One prompt for one model, as it is kept in the store."""

    asking: Asking
    prompt: Prompt
    key: str


def ask(stages: Stages, askings: Sequence[Asking], label: str) -> list[Outcome]:
    """The outcome of every asking, in order."""
    outcomes: list[Outcome | None] = [None] * len(askings)
    running: dict[int, tuple[Steps, Any]] = {}
    for index, asking in enumerate(askings):
        flow = flows.build(asking.configuration.flow)
        running[index] = (flow(asking.questions), None)
    while running:
        generates: dict[int, tuple[Steps, Generate]] = {}
        for index, (steps, reply) in list(running.items()):
            try:
                wanted = steps.send(reply)
            except StopIteration as finished:
                outcomes[index] = finished.value
                del running[index]
                continue
            if isinstance(wanted, Retrieve):
                contexts = contexts_for(stages, askings[index].configuration, wanted.questions, wanted.queries)
                running[index] = (steps, contexts)
            else:
                generates[index] = (steps, wanted)
        if generates:
            wanted_prompts = {
                index: prompts_for(stages, askings[index], want) for index, (_, want) in generates.items()
            }
            answers = _answer(stages, askings, wanted_prompts, label)
            for index, (steps, _) in generates.items():
                running[index] = (steps, answers[index])
    return [outcome for outcome in outcomes if outcome is not None]


def prompts_for(stages: Stages, asking: Asking, wanted: Generate) -> list[Prompt]:
    """The text each question becomes under the asking's template."""
    configuration = asking.configuration
    model = stages.model(configuration)
    seed = fan_out(stages.experiment.seed, "examples")
    shots = choose_examples(stages.training, asking.template.examples, seed)
    examples = [(question, example_context(stages, configuration, question)) for question in shots]
    return [
        render(asking.template, model, examples, question, context)
        for question, context in zip(wanted.questions, wanted.contexts, strict=True)
    ]


def _answer(
    stages: Stages, askings: Sequence[Asking], prompts: dict[int, list[Prompt]], label: str
) -> dict[int, list[Answer]]:
    """Answers by asking: from the store, and what is missing from the models, pooled over all askings."""
    records = stages.store.records("answers")
    requests = {index: [_request(stages, askings[index], p) for p in asked] for index, asked in prompts.items()}
    known: dict[str, Any] = records.get_many(request.key for asked in requests.values() for request in asked)
    missing: dict[str, Request] = {}
    for request in (r for asked in requests.values() for r in asked if r.key not in known):
        missing.setdefault(request.key, request)
    for request in missing.values():
        stages.misses[request.asking.configuration.id] += 1
    with stages.progress.counted(label, len(missing)) as advance:
        for (model_key, adapter), pooled in _pools(stages, missing.values()).items():
            model = stages.models[model_key]
            prompts_asked = [request.prompt for request in pooled]
            answers = model.generate(prompts_asked, stages.experiment.max_new_tokens, adapter)
            for fresh in _kept(records, ((pooled[index].key, answer) for index, answer in answers)):
                known.update(fresh)
                advance(len(fresh))
    for asked in requests.values():
        for request in asked:
            stages.hits_by_id[request.asking.configuration.id] += request.key not in missing
    return {index: [Answer(**known[request.key]) for request in asked] for index, asked in requests.items()}


def _pools(stages: Stages, requests: Any) -> dict[tuple[str, Path | None], list[Request]]:
    """Requests by the model and adapter that answer them."""
    pools: dict[tuple[str, Path | None], list[Request]] = {}
    for request in requests:
        entry = stages.adapter(request.asking.configuration, request.asking.seed)
        key = (stages.model_key(request.asking.configuration), entry.folder if entry else None)
        pools.setdefault(key, []).append(request)
    return pools


def _request(stages: Stages, asking: Asking, prompt: Prompt) -> Request:
    model = stages.model(asking.configuration)
    entry = stages.adapter(asking.configuration, asking.seed)
    key = fingerprint(
        "answer",
        model.identity,
        code_hash("pipelines.generation.decoding"),
        entry.content if entry else "",
        stages.experiment.max_new_tokens,
        prompt,
    )
    return Request(asking, prompt, key)


def _kept(records: Records, answers: Iterator[tuple[str, Answer]]) -> Iterator[dict[str, Any]]:
    """Write answers by key as they come, and yield what was written; where a model fails, what it gave is kept."""
    fresh: dict[str, Any] = {}
    try:
        for key, answer in answers:
            fresh[key] = asdict(answer)
            if len(fresh) == KEPT_TOGETHER:
                records.put_many(fresh)
                yield fresh
                fresh = {}
    finally:
        records.put_many(fresh)
    yield fresh
