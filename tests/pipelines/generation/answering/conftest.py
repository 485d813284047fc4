"""Drives an answer strategy with scripted answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from pipelines.flows import Complete, Generate
from pipelines.generation.answering import strategies
from pipelines.records import Answer, Chunk, Context, Question

Reply = Callable[[str, tuple[str, ...]], str | Answer]
"""The text of a question and of the passages it is read with (for ``Complete`` the prompt alone), to its answer."""


@dataclass
class Driven:
    """What a strategy asked, request by request, and what it returned."""

    answers: list[Answer] = field(default_factory=list)
    requests: list[list[tuple[str, tuple[str, ...]]]] = field(default_factory=list)
    steps: list[Any] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        return [answer.text for answer in self.answers]


@pytest.fixture
def context() -> Callable[..., Context]:
    """The context of some texts, as chunks c1, c2, ..."""

    def make(*texts: str) -> Context:
        chunks = (Chunk(f"c{n}", "d", 0, len(text), text, text) for n, text in enumerate(texts, start=1))
        return Context(tuple(chunks))

    return make


@pytest.fixture
def drive(fake_model: Any) -> Callable[..., Driven]:
    def run(config: Any, reply: Reply, asked: Sequence[tuple[str, Context]]) -> Driven:
        questions = [Question(f"q{n}", text, ("96 m",), "test") for n, (text, _) in enumerate(asked, start=1)]
        steps = strategies.build(strategies.parse(config))(questions, [found for _, found in asked], fake_model)
        driven = Driven()
        sent: Any = None
        while True:
            try:
                step = steps.send(sent)
            except StopIteration as finished:
                driven.answers = finished.value
                return driven
            if isinstance(step, Generate):
                read = [tuple(chunk.text for chunk in found.chunks) for found in step.contexts]
            else:
                assert isinstance(step, Complete)
                read = [(prompt.text,) for prompt in step.prompts]
            request = [(question.text, texts) for question, texts in zip(step.questions, read, strict=True)]
            driven.steps.append(step)
            driven.requests.append(request)
            sent = [said if isinstance(said := reply(*one), Answer) else Answer(said, 1, 1) for one in request]

    return run
