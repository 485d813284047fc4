"""The iterative flow, advanced by hand."""

from collections.abc import Sequence
from typing import Any

import pytest

from pipelines.flows import Generate, Outcome, Retrieve, Steps, flows
from pipelines.records import Answer, Chunk, Context, Question, Spent

HIGH = Question("q1", "How high?", ("96 m",), "test")
RED = Question("q2", "Which colour?", ("green",), "test")


def context(*names: str, seconds: float = 0.0) -> Context:
    return Context(tuple(Chunk(name, "d", 0, 1, name, name) for name in names), Spent(seconds=seconds))


def answer(text: str, error: str = "") -> Answer:
    return Answer(text, 1, 1, error=error)


def started(config: Any, questions: Sequence[Question], model: Any) -> Steps:
    steps = flows.build(flows.parse(config))(questions, model)
    assert next(steps) == Retrieve(tuple(questions), tuple(question.text for question in questions))
    return steps


def outcome(steps: Steps, reply: Any) -> Outcome:
    with pytest.raises(StopIteration) as finished:
        steps.send(reply)
    return finished.value.value


def test_the_answer_joins_the_query_and_new_passages_take_the_place_of_old_ones(fake_model: Any) -> None:
    steps = started("iterative", [HIGH, RED], fake_model)
    assert steps.send([context("a", "b"), context("c", "d")]) == Generate(
        (HIGH, RED), (context("a", "b"), context("c", "d"))
    )
    assert steps.send([answer("the tower"), answer("blue")]) == Retrieve(
        (HIGH, RED), ("How high? the tower", "Which colour? blue")
    )
    # Full lists are read as they are; where fewer were found, the round before fills up.
    second = (context("x", "a", seconds=2.0), context("y", "c"))
    assert steps.send([context("x", "a", seconds=2.0), context("y")]) == Generate((HIGH, RED), second)
    assert outcome(steps, [answer("96 m"), answer("green")]) == Outcome(second, (answer("96 m"), answer("green")))


def test_by_reciprocal_rank_a_passage_found_twice_comes_first(fake_model: Any) -> None:
    steps = started({"kind": "iterative", "merge": "reciprocal_rank"}, [HIGH], fake_model)
    steps.send([context("a", "b", "c")])
    steps.send([answer("the tower")])
    # b: 1/62 + 1/63; then x and a with 1/61 each, the new one first; z and c with less are cut.
    assert steps.send([context("x", "z", "b")]) == Generate((HIGH,), (context("b", "x", "a"),))


@pytest.mark.parametrize("said", [answer(""), answer("Unknown."), answer("x", error="down")])
def test_a_question_without_an_answer_to_search_with_keeps_its_first_round(said: Answer, fake_model: Any) -> None:
    steps = started("iterative", [HIGH, RED], fake_model)
    steps.send([context("a"), context("c")])
    assert steps.send([said, answer("blue")]) == Retrieve((RED,), ("Which colour? blue",))
    assert steps.send([context("y")]) == Generate((RED,), (context("y"),))
    assert outcome(steps, [answer("green")]) == Outcome((context("a"), context("y")), (said, answer("green")))


def test_it_ends_when_no_question_goes_on(fake_model: Any) -> None:
    steps = started("iterative", [HIGH], fake_model)
    steps.send([context("a")])
    assert outcome(steps, [answer("unknown")]) == Outcome((context("a"),), (answer("unknown"),))


def test_the_same_passages_are_not_answered_again(fake_model: Any) -> None:
    steps = started({"kind": "iterative", "rounds": 3}, [HIGH], fake_model)
    steps.send([context("a", "b")])
    steps.send([answer("96 m")])
    assert outcome(steps, [context("a", "b")]) == Outcome((context("a", "b"),), (answer("96 m"),))


def test_a_third_round_searches_with_the_second_answer(fake_model: Any) -> None:
    steps = started({"kind": "iterative", "rounds": 3}, [HIGH], fake_model)
    steps.send([context("a")])
    steps.send([answer("one")])
    steps.send([context("b")])
    assert steps.send([answer("two")]) == Retrieve((HIGH,), ("How high? two",))
    steps.send([context("c")])
    assert outcome(steps, [answer("three")]) == Outcome((context("c"),), (answer("three"),))


def test_after_a_first_search_without_hits_all_new_passages_are_read(fake_model: Any) -> None:
    steps = started("iterative", [HIGH], fake_model)
    steps.send([context()])
    steps.send([answer("the tower")])
    assert steps.send([context("a", "b")]) == Generate((HIGH,), (context("a", "b"),))


def test_one_round_is_linear_and_no_question_is_no_answer(fake_model: Any) -> None:
    steps = started({"kind": "iterative", "rounds": 1}, [HIGH], fake_model)
    steps.send([context("a")])
    assert outcome(steps, [answer("96 m")]) == Outcome((context("a"),), (answer("96 m"),))
    steps = started("iterative", [], fake_model)
    assert steps.send([]) == Generate((), ())
    assert outcome(steps, []) == Outcome((), ())
