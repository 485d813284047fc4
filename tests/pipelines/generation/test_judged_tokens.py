"""Judged answers as tokens and batches."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import UserError
from pipelines.generation.interventions import Judged
from pipelines.generation.judged_tokens import Tokens, batches, collate, encode, pairs


def test_the_answer_begins_where_the_prompt_ends(tokenizer: Any) -> None:
    prompt = "Question: What colour is the pump?\nAnswer:"
    (row,) = encode([Judged(prompt, "deep  blue", 0.5)], tokenizer, 99)
    assert tokenizer.decode(row.ids[: row.start]) == prompt
    assert tokenizer.decode(row.ids[row.start :]) == " deep blue"
    assert row.label == 0.5


def test_an_empty_answer_leaves_the_prompt_alone(tokenizer: Any) -> None:
    (row,) = encode([Judged("Why?\n", "", 0.0)], tokenizer, 99)
    assert row.start == len(row.ids) == len(tokenizer("Why?\n")["input_ids"])


@pytest.mark.parametrize("label", [-0.1, 1.5, float("nan")])
def test_a_label_that_is_no_share_is_refused(tokenizer: Any, label: float) -> None:
    with pytest.raises(UserError, match=r"question q7: its label is .*, not between 0 and 1"):
        encode([Judged("a", "b", label, "q7")], tokenizer, 99)


def test_a_text_that_is_too_long_is_refused_and_not_cut(tokenizer: Any) -> None:
    with pytest.raises(UserError, match="more than 3; raise max_length"):
        encode([Judged("one two three four five", "six", 1.0)], tokenizer, 3)


def test_batches_are_padded_on_the_right() -> None:
    import torch

    batch = collate([Tokens((5, 6, 7), 1, 1.0, ""), Tokens((8,), 1, 0.0, "")], 2, torch.device("cpu"))
    assert batch.ids.tolist() == [[5, 6, 7], [8, 2, 2]]
    assert (batch.start.tolist(), batch.stop.tolist(), batch.label.tolist()) == ([1, 1], [3, 1], [1.0, 0.0])


def test_pairs_are_of_one_prompt_and_of_different_labels() -> None:
    rows = [
        Tokens((1, n), 1, label, prompt) for n, (label, prompt) in enumerate([(1, "a"), (0, "a"), (0, "b"), (0.5, "a")])
    ]
    found = {(better.ids[1], worse.ids[1]) for better, worse in pairs(rows)}
    assert found == {(0, 1), (0, 3), (3, 1)}


@given(st.lists(st.integers(1, 50), min_size=1, max_size=60), st.integers(1, 7))
def test_batches_hold_everything_once_and_no_more_than_their_size(lengths: list[int], size: int) -> None:
    rows = [(place, length) for place, length in enumerate(lengths)]
    made = batches(rows, size, range(len(rows)), lambda row: row[1])
    assert sorted(row for batch in made for row in batch) == rows
    assert all(1 <= len(batch) <= size for batch in made)
    assert len(made) == -(-len(rows) // size)
