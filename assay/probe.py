"""The latency probe: single-stream requests, uncached, on the same questions for all configurations, interleaved.

Accuracy runs batched and cached; a request here goes through retrieval, prompt and generation alone, one after the
other, as a user's would. Times are kept in the store with their machine, and never measured twice for one state.
"""

from collections.abc import Sequence
from random import Random
from time import perf_counter
from typing import Any

from assay.answering import Asking, prompts_for
from assay.contexts import contexts_for, read
from assay.experiment import Configuration
from assay.fingerprint import code_hash, fingerprint
from assay.selection import Selection
from assay.stages import Stages
from eval.latency import BEYOND, latency_summary
from eval.results import Latency
from eval.statistics.seeds import fan_out
from pipelines.flows import Generate
from pipelines.generation import language_models
from pipelines.records import Context, Prompt, Question

FEWEST = 2 * BEYOND
STAGES = ("retrieve", "prompt", "prefill", "decode")


def probe(stages: Stages, selection: Selection) -> dict[str, Latency]:
    """Latency by configuration id; empty where ``no_probe`` says why."""
    if no_probe(stages):
        return {}
    settings = stages.experiment.latency
    test = list(stages.dataset.split("test"))
    random = Random(fan_out(stages.experiment.seed, "latency"))
    questions = random.sample(test, min(settings.questions, len(test)))
    records = stages.store.records("latency")
    keys = {c.id: _key(stages, selection, c, questions) for c in stages.experiment.configurations}
    known = records.get_many(keys.values())
    missing = [c for c in stages.experiment.configurations if keys[c.id] not in known]
    requests = [(c, question) for c in missing for question in questions]
    random.shuffle(requests)
    times: dict[str, list[dict[str, float]]] = {c.id: [] for c in missing}
    with stages.progress.counted("measuring latency", len(requests), "latency probe") as advance:
        cold = {c.id: _cold_start(stages, selection, c, questions[0]) for c in missing}
        for configuration in missing:
            for question in questions[: settings.warm_up]:
                _request(stages, selection, configuration, question)
        for configuration, question in requests:
            times[configuration.id].append(_request(stages, selection, configuration, question))
            advance(1)
    fresh = {keys[name]: {"cold_start": cold[name], "requests": taken} for name, taken in times.items()}
    records.put_many(fresh)
    known.update(fresh)
    return {name: _summary(known[key]) for name, key in keys.items()}


def no_probe(stages: Stages) -> str:
    """Why no latency is measured; empty where it is."""
    wanted, there = stages.experiment.latency.questions, len(stages.dataset.split("test"))
    if wanted == 0:
        return "the experiment skips the latency probe"
    if min(wanted, there) < FEWEST:
        return f"a median needs {FEWEST} requests, and there are {min(wanted, there)} questions to ask"
    return ""


def _summary(measured: dict[str, Any]) -> Latency:
    requests = measured["requests"]
    by_stage = {stage: [request[stage] for request in requests] for stage in STAGES}
    return latency_summary(
        [sum(request.values()) for request in requests],
        stages=by_stage,
        ttft=[request["retrieve"] + request["prompt"] + request["prefill"] for request in requests],
        cold_start=measured["cold_start"],
    )


def _key(stages: Stages, selection: Selection, configuration: Configuration, questions: Sequence[Question]) -> str:
    entry = stages.adapter(configuration, 0)
    template = selection.templates[configuration.id]
    machine = {"machine": stages.machine, "code": code_hash("assay.probe")}
    identity = stages.model(configuration).identity
    asked = [question.id for question in questions]
    return fingerprint(configuration, template, identity, entry.content if entry else "", asked, machine)


def _cold_start(stages: Stages, selection: Selection, configuration: Configuration, question: Question) -> float:
    """Seconds from nothing loaded to the first answer: model, adapter and index are opened afresh."""
    prompt = _prompt(stages, selection, configuration, question, _retrieve(stages, configuration, question))
    entry = stages.adapter(configuration, 0)
    started = perf_counter()
    if configuration.retrieved:
        stages.reopen(configuration)([question.text], configuration.depth)
    model = language_models.build(configuration.llm or stages.experiment.llm)
    model.respond(prompt, stages.experiment.max_new_tokens, entry.folder if entry else None)
    return perf_counter() - started


def _request(
    stages: Stages, selection: Selection, configuration: Configuration, question: Question
) -> dict[str, float]:
    """Seconds by stage of one request."""
    started = perf_counter()
    context = _retrieve(stages, configuration, question)
    retrieved = perf_counter()
    prompt = _prompt(stages, selection, configuration, question, context)
    prompted = perf_counter()
    entry = stages.adapter(configuration, 0)
    model = stages.model(configuration)
    _, timing = model.respond(prompt, stages.experiment.max_new_tokens, entry.folder if entry else None)
    times = (retrieved - started, prompted - retrieved, timing.prefill, timing.decode)
    return dict(zip(STAGES, times, strict=True))


def _prompt(
    stages: Stages, selection: Selection, configuration: Configuration, question: Question, context: Context
) -> Prompt:
    asking = Asking(configuration, selection.templates[configuration.id], 0, (question,))
    (prompt,) = prompts_for(stages, asking, Generate((question,), (context,)))
    return prompt


def _retrieve(stages: Stages, configuration: Configuration, question: Question) -> Context:
    if not configuration.retrieved:
        return contexts_for(stages, configuration, [question], [question.text])[0]
    (hits,) = stages.search(configuration)([question.text], configuration.depth)
    by_id = stages.chunks_by_id(configuration)
    return read(stages, configuration, question.text, [by_id[name] for name in hits.chunk_ids])
