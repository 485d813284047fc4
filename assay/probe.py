"""The latency probe: single-stream requests, uncached, on the same questions for all configurations, interleaved.

Accuracy runs batched and cached; a request here goes through retrieval, prompt and generation alone, one after the
other, as a user's would. Times are kept in the store with their machine, and never measured twice for one state.
"""

from collections.abc import Sequence
from random import Random
from time import perf_counter
from typing import Any

from assay.answering import Asking, prompts_for
from assay.experiment import Configuration
from assay.fingerprint import code_hash, fingerprint
from assay.pipeline import TIMES, Pipeline
from assay.selection import Selection
from assay.stages import Stages
from eval.latency import BEYOND, latency_summary
from eval.results import Latency
from eval.statistics.seeds import fan_out
from pipelines.flows import Generate
from pipelines.records import Question

FEWEST = 2 * BEYOND


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
    pipelines = {c.id: Pipeline(stages, c, selection.templates[c.id]) for c in missing}
    with stages.progress.counted("measuring latency", len(requests), "latency probe") as advance:
        cold_start = ColdStarts(stages, questions[0])
        cold = {c.id: cold_start(pipelines[c.id]) for c in missing}
        for configuration in missing:
            for question in questions[: settings.warm_up]:
                pipelines[configuration.id].answer(question)
        for configuration, question in requests:
            times[configuration.id].append(pipelines[configuration.id].answer(question).times)
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
    by_stage = {stage: [request[stage] for request in requests] for stage in TIMES}
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


class ColdStarts:
    """Seconds from nothing loaded to the first answer: loading weights and adapter, opening the index, one request.

    Weights are loaded afresh once for each model and adapter, and an index is opened once, for all configurations
    that share them.
    """

    def __init__(self, stages: Stages, question: Question) -> None:
        self.stages, self.question = stages, question
        self._seconds: dict[str, float] = {}

    def __call__(self, pipeline: Pipeline) -> float:
        loading, opening = self._load(pipeline), self._open(pipeline.configuration)
        return loading + opening + sum(pipeline.answer(self.question).times.values())

    def _load(self, pipeline: Pipeline) -> float:
        """What the first answer of a fresh model takes longer than its second, its intervention in it."""
        configuration = pipeline.configuration
        if self.stages.model(configuration).paid_by_token:
            return 0.0  # nothing is loaded here, and a second request would be billed
        if configuration.flow.kind == "interleaved":
            return 0.0  # the retriever writes; its weights are loaded where its index is opened
        entry = self.stages.adapter(configuration, 0)
        reads_along = self.stages.intervention_key(configuration, 0)
        key = fingerprint("weights", self.stages.model_key(configuration), entry.content if entry else "", *reads_along)
        if key not in self._seconds:
            context = pipeline.contexts([self.question], [self.question.text])[0]
            asking = Asking(configuration, pipeline.template, 0, (self.question,))
            (prompt,) = prompts_for(self.stages, asking, Generate((self.question,), (context,)))
            model = self.stages.fresh_model(configuration, 0)
            times = []
            for _ in range(2):
                started = perf_counter()
                model.respond(prompt, self.stages.experiment.max_new_tokens, entry.folder if entry else None)
                times.append(perf_counter() - started)
            self._seconds[key] = max(0.0, times[0] - times[1])
        return self._seconds[key]

    def _open(self, configuration: Configuration) -> float:
        if not configuration.retrieved:
            return 0.0
        key = fingerprint("index", configuration.retriever, self.stages.indexing.chunks_key(configuration))
        if key not in self._seconds:
            self.stages.indexing.close()
            started = perf_counter()
            self.stages.indexing.search(configuration)([self.question.text], configuration.found)
            self._seconds[key] = perf_counter() - started
        return self._seconds[key]
