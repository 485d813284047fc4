"""Asking: the flows of many configurations advance together, and what they ask of one model shares its batches.

A flow asks for contexts and answers; an answer strategy, begun for each ``Generate`` of a flow, asks for prompts to be
answered. What every step took is added up by question, so that an outcome's answers carry all that was spent on them.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from assay.completions import Request
from assay.contexts import contexts_for, example_context
from assay.experiment import Configuration
from assay.interleaving import interleaved
from assay.stages import Stages
from eval.statistics.seeds import fan_out
from pipelines.flows import Complete, Generate, Interleave, Outcome, Retrieve, flows
from pipelines.generation.answering import strategies
from pipelines.generation.prompts import PromptTemplate, choose_examples, render
from pipelines.records import Answer, Context, Prompt, Question, Spent

Fetch = Callable[[Retrieve], list[Context]]
Write = Callable[[Interleave], Outcome]


@dataclass(frozen=True)
class Asking:
    """A configuration asked a set of questions with one prompt template and one training seed."""

    configuration: Configuration
    template: PromptTemplate
    seed: int
    questions: tuple[Question, ...]


@dataclass
class Running:
    """One asking under way: its flow, and on top the answer strategy it waits for, if any. ``spent`` is by question;
    a step on behalf of ``question/part`` counts for ``question``."""

    asking: Asking
    fetch: Fetch
    write: Write
    stack: list[Any] = field(default_factory=list)
    spent: dict[str, Spent] = field(default_factory=lambda: defaultdict(Spent))
    waiting: tuple[Question, ...] = ()

    def advance(self, stages: Stages, reply: Any = None) -> list[Request] | Outcome:
        """Go on with ``reply`` until prompts have to be answered, or the outcome is there."""
        configuration = self.asking.configuration
        model = stages.model(configuration)
        if not self.stack:
            self.stack.append(flows.build(configuration.flow)(self.asking.questions, model))
        while True:
            try:
                wanted = self.stack[-1].send(reply)
            except StopIteration as finished:
                self.stack.pop()
                if not self.stack:
                    return self._with_spent(finished.value)
                reply = finished.value
                continue
            if isinstance(wanted, Retrieve):
                reply = self.fetch(wanted)
                self._count(wanted.questions, reply)
            elif isinstance(wanted, Interleave):
                reply = self.write(wanted)
                self._count(wanted.questions, reply.answers)
            elif isinstance(wanted, Generate) and len(self.stack) == 1:
                strategy = strategies.build(configuration.answer)
                self.stack.append(strategy(wanted.questions, wanted.contexts, model))
                reply = None
            else:
                self.waiting = wanted.questions
                return self._requests(stages, wanted)

    def answered(self, answers: Sequence[Answer]) -> None:
        """Count what the answers to the last requests took."""
        self._count(self.waiting, answers)

    def _requests(self, stages: Stages, wanted: Generate | Complete) -> list[Request]:
        asking = self.asking
        if isinstance(wanted, Complete):
            return [Request(asking.configuration, None, p, wanted.max_new_tokens) for p in wanted.prompts]
        prompts = prompts_for(stages, asking, wanted)
        return [Request(asking.configuration, asking.seed, p, stages.experiment.max_new_tokens) for p in prompts]

    def _count(self, questions: Sequence[Question], made: Sequence[Context | Answer]) -> None:
        known = {question.id for question in self.asking.questions}
        for question, one in zip(questions, made, strict=True):
            name = question.id
            while name not in known and "/" in name:
                name = name.rpartition("/")[0]
            self.spent[name] += one.spent

    def _with_spent(self, outcome: Outcome) -> Outcome:
        pairs = zip(self.asking.questions, outcome.answers, strict=True)
        return Outcome(outcome.contexts, tuple(_spending(answer, self.spent[q.id]) for q, answer in pairs))


def ask(stages: Stages, askings: Sequence[Asking], label: str) -> list[Outcome]:
    """The outcome of every asking, in order."""
    outcomes: dict[int, Outcome] = {}
    waiting: dict[int, tuple[Running, list[Request]]] = {}
    for index, asking in enumerate(askings):
        running = Running(asking, _fetching(stages, asking.configuration), _writing(stages, asking.configuration))
        _sort(index, running, running.advance(stages), waiting, outcomes)
    while waiting:
        requests = [request for _, asked in waiting.values() for request in asked]
        answers = iter(stages.completions.ask(requests, label))
        before, waiting = waiting, {}
        for index, (running, asked) in before.items():
            reply = [next(answers) for _ in asked]
            running.answered(reply)
            _sort(index, running, running.advance(stages, reply), waiting, outcomes)
    return [outcomes[index] for index in range(len(askings))]


def _sort(index: int, running: Running, result: Any, waiting: dict[int, Any], outcomes: dict[int, Outcome]) -> None:
    if isinstance(result, Outcome):
        outcomes[index] = result
    else:
        waiting[index] = (running, result)


def _fetching(stages: Stages, configuration: Configuration) -> Fetch:
    return lambda wanted: contexts_for(stages, configuration, wanted.questions, wanted.queries)


def _writing(stages: Stages, configuration: Configuration) -> Write:
    return lambda wanted: interleaved(stages, configuration, wanted)


def _spending(answer: Answer, spent: Spent) -> Answer:
    return replace(answer, prompt_tokens=spent.prompt_tokens, output_tokens=spent.output_tokens, seconds=spent.seconds)


def prompts_for(stages: Stages, asking: Asking, wanted: Generate) -> list[Prompt]:
    """The text each question becomes under the asking's template."""
    configuration = asking.configuration
    model = stages.model(configuration)
    shots = _shots(stages, asking.template, wanted.questions)
    known = {q.id: (q, example_context(stages, configuration, q)) for some in shots for q in some}
    return [
        render(asking.template, model, [known[shot.id] for shot in some], question, context)
        for some, question, context in zip(shots, wanted.questions, wanted.contexts, strict=True)
    ]


def _shots(stages: Stages, template: PromptTemplate, questions: Sequence[Question]) -> list[list[Question]]:
    """The worked examples of each question; the nearest stand last, closest to the question they resemble."""
    if template.choose == "nearest" and template.examples and stages.training:
        train = stages.training
        vectors = stages.embed([question.text for question in train])
        near = np.argsort(-(stages.embed([q.text for q in questions]) @ vectors.T), axis=1, kind="stable")
        return [[train[place] for place in reversed(row[: template.examples])] for row in near]
    return [spread_examples(stages, template)] * len(questions)


def spread_examples(stages: Stages, template: PromptTemplate) -> list[Question]:
    """The worked examples that stand before every question, where they are not chosen for each."""
    seed = fan_out(stages.experiment.seed, "examples")
    return choose_examples(stages.training, template.examples, seed)
