"""The linear flow, advanced by hand."""

from typing import Any

import pytest

from pipelines.flows import Generate, Outcome, Retrieve, flows
from pipelines.records import Answer, Chunk, Context, Question

QUESTIONS = (Question("q1", "How high?", ("96 m",), "test"), Question("q2", "Which colour?", ("green",), "test"))
CONTEXTS = [Context((Chunk("c", "d", 0, 4, "text", "text"),)), Context()]
ANSWERS = [Answer("96 m", 5, 2), Answer("red", 4, 1)]


def test_retrieves_once_then_answers(fake_model: Any) -> None:
    steps = flows.build(flows.parse("linear"))(list(QUESTIONS), fake_model)
    assert next(steps) == Retrieve(QUESTIONS, ("How high?", "Which colour?"))
    assert steps.send(CONTEXTS) == Generate(QUESTIONS, tuple(CONTEXTS))
    with pytest.raises(StopIteration) as finished:
        steps.send(ANSWERS)
    assert finished.value.value == Outcome(tuple(CONTEXTS), tuple(ANSWERS))


def test_asked_nothing_it_still_ends_with_an_outcome(fake_model: Any) -> None:
    steps = flows.build(flows.parse("linear"))([], fake_model)
    assert next(steps) == Retrieve((), ())
    assert steps.send([]) == Generate((), ())
    with pytest.raises(StopIteration) as finished:
        steps.send([])
    assert finished.value.value == Outcome((), ())
