"""The interleaved flow, advanced by hand."""

from typing import Any

import pytest

from pipelines.flows import Interleave, Outcome, flows
from pipelines.records import Answer, Chunk, Context, Question

QUESTIONS = (Question("q1", "How high?", ("96 m",), "test"), Question("q2", "Which colour?", ("green",), "test"))
OUTCOME = Outcome((Context((Chunk("c", "d", 0, 4, "text", "text"),)), Context()), (Answer("96 m", 5, 2),) * 2)


@pytest.mark.parametrize("searches", [1, 5])
def test_everything_is_left_to_the_retriever(fake_model: Any, searches: int) -> None:
    steps = flows.build(flows.parse({"kind": "interleaved", "searches": searches}))(list(QUESTIONS), fake_model)
    assert next(steps) == Interleave(QUESTIONS, searches)
    with pytest.raises(StopIteration) as finished:
        steps.send(OUTCOME)
    assert finished.value.value == OUTCOME
