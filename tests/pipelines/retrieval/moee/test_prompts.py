from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.retrieval.moee.prompts import Prompt, encode, prompted

CLOSING = '" means in one word:"'


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("A cat sleeps", 'This sentence : "A cat sleeps." means in one word:"'),
        ("Does it?", 'This sentence : "Does it?" means in one word:"'),
        ('He said "no"', 'This sentence : "He said \'no\'" means in one word:"'),
        (" padded. ", 'This sentence : "padded." means in one word:"'),
        ("", 'This sentence : "." means in one word:"'),
    ],
)
def test_prompteol_quotes_the_text_and_ends_it(text: str, read: str) -> None:
    assert prompted(text, "prompteol") == read


def test_no_prompt_leaves_the_text_alone() -> None:
    assert prompted(' "as it is" ', "none") == ' "as it is" '


def test_a_text_that_fits_is_tokenised_whole(byte_tokenizer: Any) -> None:
    (ids,) = encode(byte_tokenizer, ["A cat sleeps"], "prompteol", 512)
    assert byte_tokenizer.decode(ids) == 'This sentence : "A cat sleeps." means in one word:"'


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=200), length=st.integers(48, 100))
def test_a_long_text_loses_its_end_and_never_the_prompt(byte_tokenizer: Any, text: str, length: int) -> None:
    (ids,) = encode(byte_tokenizer, [text], "prompteol", length)
    whole = len(byte_tokenizer(prompted(text, "prompteol"))["input_ids"])
    assert len(ids) == whole if whole <= length else len(ids) <= length
    read = byte_tokenizer.decode(ids)
    assert read.endswith(CLOSING)
    assert read.startswith('This sentence : "')


def test_as_much_of_the_text_is_kept_as_fits(byte_tokenizer: Any) -> None:
    frame = len('This sentence : "." means in one word:"')
    (ids,) = encode(byte_tokenizer, ["abcdefghij" * 20], "prompteol", frame + 25)
    assert byte_tokenizer.decode(ids) == prompted("abcdefghij" * 2 + "abcde", "prompteol")


def test_letters_of_several_tokens_are_cut_whole(byte_tokenizer: Any) -> None:
    (ids,) = encode(byte_tokenizer, ["\N{PILE OF POO}" * 40], "none", 33)
    assert byte_tokenizer.decode(ids) == "\N{PILE OF POO}" * 8


@pytest.mark.parametrize("prompt", ["none", "prompteol"])
def test_an_empty_text_is_still_read(byte_tokenizer: Any, prompt: Prompt) -> None:
    (ids,) = encode(byte_tokenizer, [""], prompt, 64)
    assert len(ids) >= 1
    assert encode(byte_tokenizer, [], prompt, 64) == []
