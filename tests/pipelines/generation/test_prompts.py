"""Prompts, character by character."""

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.generation.prompts import PromptTemplate, choose_examples, expected, render, training_pair
from pipelines.records import Chunk, Context, Prompt, Question, TrainingPair


def question(name: str, answer: str = "", kind: str = "", answerable: bool = True) -> Question:
    return Question(name, f"What is {name}?", (answer,) if answer else (), "train", kind=kind, answerable=answerable)


def context(*texts: str) -> Context:
    return Context(tuple(Chunk(text, "d", 0, len(text), text, text) for text in texts))


TOWER, PUMP, MOON = question("the tower", "96 m"), question("the pump", "green"), question("the moon", answerable=False)
SHOTS = [(TOWER, context("It is 96 m high.")), (MOON, Context()), (PUMP, Context())]


def test_plain_completion_is_question_and_answer(fake_model: Any) -> None:
    template = PromptTemplate(name="plain", instruction="")
    assert render(template, fake_model, SHOTS, PUMP, Context()) == Prompt(
        "Question: What is the pump?\nAnswer:", "", ("\n",)
    )


def test_completion_with_instruction_examples_and_passages(fake_model: Any) -> None:
    template = PromptTemplate(name="two", examples=2, instruction="Be brief.")
    prefix = (
        "Be brief.\n\n"
        "Passage: It is 96 m high.\nQuestion: What is the tower?\nAnswer: 96 m\n\n"
        "Question: What is the moon?\nAnswer: unknown\n\n"
    )
    task = "Passage: first\nPassage: second\nQuestion: What is the pump?\nAnswer:"
    assert render(template, fake_model, SHOTS, PUMP, context(" first\n", "second")) == Prompt(
        prefix + task, prefix, ("\n",)
    )


def test_chat_turns_follow_the_models_template(fake_model: Any) -> None:
    template = PromptTemplate(name="chat", form="chat", examples=1, instruction="Be brief.")
    prompt = render(template, fake_model, SHOTS, PUMP, context("It is green."))
    prefix = "<system>Be brief.<user>Passage: It is 96 m high.\nQuestion: What is the tower?<model>96 m<user>"
    asked = "Passage: It is green.\nQuestion: What is the pump?"
    turns = (
        ("system", "Be brief."),
        ("user", "Passage: It is 96 m high.\nQuestion: What is the tower?"),
        ("assistant", "96 m"),
        ("user", asked),
    )
    assert prompt == Prompt(f"{prefix}{asked}<model>", prefix, stop=("\n",), messages=turns)


@given(
    form=st.sampled_from(["completion", "chat"]),
    examples=st.integers(0, 3),
    instruction=st.sampled_from(["", "Be brief."]),
    asked=st.text(min_size=1, max_size=20),
)
def test_prefix_opens_the_prompt_and_does_not_depend_on_the_question(
    form: Any, examples: int, instruction: str, asked: str
) -> None:
    class Chat:
        def chat(self, instruction: str, turns: Any, question: str) -> str:
            return f"{instruction}|{'|'.join(f'{a}>{b}' for a, b in turns)}|{question}>"

    template = PromptTemplate(name="t", form=form, examples=examples, instruction=instruction)
    one = render(template, Chat(), SHOTS, Question("q", asked, ("a",), "test"), Context())  # type: ignore[arg-type]
    other = render(template, Chat(), SHOTS, PUMP, context("A passage."))  # type: ignore[arg-type]
    assert one.text.startswith(one.prefix)
    assert one.prefix == other.prefix


def test_chat_template_that_puts_the_question_first_has_no_shared_prefix() -> None:
    class Backwards:
        def chat(self, instruction: str, turns: Any, question: str) -> str:
            return f"{question} -- {instruction}"

    template = PromptTemplate(name="t", form="chat")
    assert render(template, Backwards(), [], PUMP, Context()).prefix == ""  # type: ignore[arg-type]


def test_training_pair_is_the_plain_form_with_the_answer_and_the_end_of_its_line() -> None:
    assert training_pair(TOWER) == TrainingPair(
        "Question: What is the tower?\nAnswer:", " 96 m\n", "the tower", TOWER.text
    )
    assert training_pair(MOON, context("Old.")) == TrainingPair(
        "Passage: Old.\nQuestion: What is the moon?\nAnswer:", " unknown\n", "the moon", MOON.text
    )


def test_training_prompt_is_what_the_plain_template_asks(fake_model: Any) -> None:
    plain = PromptTemplate(name="plain", instruction="")
    assert training_pair(PUMP).prompt == render(plain, fake_model, [], PUMP, Context()).text


def test_expected_is_the_preferred_answer_or_the_refusal() -> None:
    assert expected(Question("q", "?", ("first", "second"), "test")) == "first"
    assert expected(MOON) == "unknown"


def pool(**counts: int) -> list[Question]:
    return [question(f"{kind}-{number}", "x", kind) for kind, count in counts.items() for number in range(count)]


def test_examples_are_of_different_kinds_commonest_first() -> None:
    train = pool(rare=1, common=9, usual=4)
    assert [one.kind for one in choose_examples(train, 5, 0)] == ["common", "usual", "rare", "common", "usual"]


def test_examples_follow_from_the_seed() -> None:
    train = pool(a=20, b=20)
    assert choose_examples(train, 4, 1) == choose_examples(list(train), 4, 1)
    assert len({tuple(one.id for one in choose_examples(train, 4, seed)) for seed in range(8)}) > 4


def test_fewer_examples_are_the_first_of_more() -> None:
    train = pool(a=6, b=3, c=1)
    assert choose_examples(train, 2, 3) == choose_examples(train, 6, 3)[:2]


@given(st.lists(st.sampled_from("abc"), max_size=12), st.integers(0, 15), st.integers(0, 5))
def test_examples_are_distinct_and_as_many_as_asked_or_there_are(kinds: list[str], count: int, seed: int) -> None:
    train = [question(str(number), "x", kind) for number, kind in enumerate(kinds)]
    Random(seed).shuffle(train)
    chosen = choose_examples(train, count, seed)
    assert len({one.id for one in chosen}) == len(chosen) == min(count, len(train))


def test_template_refuses_an_unknown_form() -> None:
    with pytest.raises(ValidationError, match="'completion' or 'chat'"):
        PromptTemplate(name="t", form="dialogue")  # type: ignore[arg-type]
