"""Prompts answered by language models, each kept in the store as soon as it is there.

Equal prompts are answered once, whoever asks, and a killed run goes on where it stopped.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from assay.experiment import Configuration
from assay.fingerprint import fingerprint, stage_code
from pipelines.generation import LanguageModel
from pipelines.records import Answer, Prompt, Spent
from pipelines.tools import Complete

if TYPE_CHECKING:
    from assay.stages import Stages
    from assay.store import Records

KEPT_TOGETHER = 16
"""Answers written to the store in one transaction: what a kill may cost."""


@dataclass(frozen=True)
class Request:
    """One prompt for a configuration's language model: its base weights, or the adapter of a training ``seed``."""

    configuration: Configuration
    seed: int | None
    prompt: Prompt
    max_new_tokens: int


class Counted:
    """A ``Complete`` that adds up what it spent."""

    def __init__(self, complete: Complete) -> None:
        self._complete = complete
        self.spent = Spent()

    def __call__(self, prompts: Sequence[Prompt], max_new_tokens: int) -> list[Answer]:
        """Pass on, and count."""
        answers = self._complete(prompts, max_new_tokens)
        self.spent = sum((answer.spent for answer in answers), self.spent)
        return answers


class Completions:
    """The answers of an experiment's models. ``waited`` are the seconds that callers have waited in here."""

    def __init__(self, stages: "Stages") -> None:
        self.stages = stages
        self.waited = 0.0
        self._code: dict[str, str] = {}

    def base(self, configuration: Configuration, label: str) -> Complete:
        """The function that stages of a configuration ask its base model by."""

        def complete(prompts: Sequence[Prompt], max_new_tokens: int) -> list[Answer]:
            return self.ask([Request(configuration, None, prompt, max_new_tokens) for prompt in prompts], label)

        return complete

    def ask(self, requests: Sequence[Request], label: str) -> list[Answer]:
        """An answer for each request, in order: from the store, and what is missing from the models."""
        started = perf_counter()
        keys = [self._key(request) for request in requests]
        records = self.stages.store.records("answers")
        known: dict[str, Any] = records.get_many(keys)
        missing: dict[str, Request] = {}
        for key, request in zip(keys, requests, strict=True):
            if key not in known:
                missing.setdefault(key, request)
        for request in missing.values():
            self.stages.misses[request.configuration.id] += 1
        for key, request in zip(keys, requests, strict=True):
            self.stages.hits_by_id[request.configuration.id] += key not in missing
        if missing:
            with self.stages.progress.counted(label, len(missing)) as advance:
                for fresh in self._generate(missing, records):
                    known.update(fresh)
                    advance(len(fresh))
        self.waited += perf_counter() - started
        return [answer_of(known[key]) for key in keys]

    def _generate(self, missing: dict[str, Request], records: "Records") -> Iterator[dict[str, Any]]:
        """What is missing, by key, pooled by the model, adapter and length that answer it."""
        pools: dict[tuple[int, Path | None, int], tuple[LanguageModel, list[tuple[str, Prompt]]]] = {}
        for key, request in missing.items():
            entry = None if request.seed is None else self.stages.adapter(request.configuration, request.seed)
            model = self.stages.answering_model(request.configuration, request.seed)
            pool = (id(model), entry.folder if entry else None, request.max_new_tokens)
            pools.setdefault(pool, (model, []))[1].append((key, request.prompt))
        for (_, adapter, length), (model, asked) in pools.items():
            yield from generated(records, model, asked, length, adapter)

    def _key(self, request: Request) -> str:
        configuration = request.configuration
        model = self.stages.model(configuration)
        entry = None if request.seed is None else self.stages.adapter(configuration, request.seed)
        model_key = self.stages.model_key(configuration)
        if model_key not in self._code:
            self._code[model_key] = stage_code(configuration.llm or self.stages.experiment.llm)
        identity = (model.identity, self._code[model_key], entry.content if entry else "")
        along = self.stages.intervention_key(configuration, request.seed)
        return fingerprint("answer", *identity, *along, request.max_new_tokens, request.prompt)


def generated(
    records: "Records", model: LanguageModel, asked: Sequence[tuple[str, Prompt]], length: int, adapter: Path | None
) -> Iterator[dict[str, Any]]:
    """Answers to ``(key, prompt)`` pairs by key, written as they come; where a model fails, what it gave is kept. A
    failed answer is not written, so that the next run asks again."""
    fresh: dict[str, Any] = {}
    try:
        for index, answer in model.generate([prompt for _, prompt in asked], length, adapter):
            fresh[asked[index][0]] = asdict(answer)
            if len(fresh) == KEPT_TOGETHER:
                records.put_many(_good(fresh))
                yield fresh
                fresh = {}
    finally:
        records.put_many(_good(fresh))
    yield fresh


def _good(answers: dict[str, Any]) -> dict[str, Any]:
    return {key: answer for key, answer in answers.items() if not answer["error"]}


def answer_of(row: dict[str, Any]) -> Answer:
    """An answer from its JSON form."""
    return Answer(**{**row, "citations": tuple(row.get("citations", ()))})
