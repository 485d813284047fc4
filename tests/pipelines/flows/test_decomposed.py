"""The decomposed flow, advanced by hand."""

from dataclasses import replace
from typing import Any

import pytest

from pipelines.flows import Complete, Generate, Outcome, Retrieve, Steps, flows
from pipelines.records import Answer, Chunk, Context, Question

OLD = Question("q1", "Which tower is older?", ("north",), "test", metadata={"user": "ann"})
RED = Question("q2", "Which colour is it?", ("red",), "test")
NORTH = replace(OLD, id="q1/1", text="When was the north tower built?")
SOUTH = replace(OLD, id="q1/2", text="When was the south tower built?")
WRITTEN = Answer(f"{NORTH.text}\n2. {SOUTH.text}", 50, 20)


def context(*names: str) -> Context:
    return Context(tuple(Chunk(name, "d", 0, 1, name, name) for name in names))


def note(question: Question, text: str) -> Chunk:
    return Chunk(f"answer:{question.id}:0", "", 0, 0, f"{question.text} {text}", f"{question.text} {text}")


def answer(text: str, error: str = "") -> Answer:
    return Answer(text, 1, 1, error=error)


def started(model: Any, *questions: Question) -> Steps:
    steps = flows.build(flows.parse("decomposed"))(questions, model)
    asked = next(steps)
    assert isinstance(asked, Complete)
    assert asked.questions == questions
    for question, prompt in zip(questions, asked.prompts, strict=True):
        assert f"Question: {question.text}" in prompt.text
    return steps


def outcome(steps: Steps, reply: Any) -> Outcome:
    with pytest.raises(StopIteration) as finished:
        steps.send(reply)
    return finished.value.value


def test_sub_answers_lead_the_passages_of_the_question(fake_model: Any) -> None:
    steps = started(fake_model, OLD, RED)
    everything = (OLD, RED, NORTH, SOUTH)
    assert steps.send([WRITTEN, answer("")]) == Retrieve(everything, tuple(question.text for question in everything))
    found = [context("a"), context("b"), context("n"), context("s")]
    assert steps.send(found) == Generate((NORTH, SOUTH), (context("n"), context("s")))
    read = (Context((note(NORTH, "1954"), note(SOUTH, "1960"), *context("a").chunks)), context("b"))
    assert steps.send([answer("1954"), answer("1960")]) == Generate((OLD, RED), read)
    assert outcome(steps, [answer("north"), answer("red")]) == Outcome(read, (answer("north"), answer("red")))


def test_sub_answers_that_say_nothing_are_left_out(fake_model: Any) -> None:
    steps = started(fake_model, OLD)
    steps.send([WRITTEN])
    steps.send([context("a"), context("n"), context("s")])
    read = Context((note(SOUTH, "1960"), *context("a").chunks))
    assert steps.send([answer("unknown"), answer("1960")]) == Generate((OLD,), (read,))


def test_without_sub_questions_it_is_linear(fake_model: Any) -> None:
    steps = started(fake_model, OLD)
    assert steps.send([answer("which tower is OLDER")]) == Retrieve((OLD,), (OLD.text,))
    assert steps.send([context("a")]) == Generate((OLD,), (context("a"),))
    assert outcome(steps, [answer("north")]) == Outcome((context("a"),), (answer("north"),))


def test_a_failed_request_fails_its_question_alone(fake_model: Any) -> None:
    third = Question("q3", "How high is it?", ("96 m",), "test")
    steps = started(fake_model, OLD, RED, third)
    assert steps.send([WRITTEN, answer("", "down"), answer("")]) == Retrieve(
        (OLD, RED, third, NORTH, SOUTH), (OLD.text, RED.text, third.text, NORTH.text, SOUTH.text)
    )
    steps.send([context("a"), context("b"), context("c"), context("n"), context("s")])
    assert steps.send([answer("1954"), answer("", "lost")]) == Generate((third,), (context("c"),))
    made = outcome(steps, [answer("96 m")])
    assert made.answers == (answer("", "lost"), answer("", "down"), answer("96 m"))
    assert len(made.contexts) == 3


def test_no_question_is_no_answer(fake_model: Any) -> None:
    steps = started(fake_model)
    assert steps.send([]) == Retrieve((), ())
    assert outcome(steps, []) == Outcome((), ())
