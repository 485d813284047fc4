from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pipelines.retrieval.onegen import states


def test_neither_padding_nor_batch_mates_change_a_state(make_network: Any) -> None:
    import torch

    body = make_network(60).get_decoder()
    rows = [[5, 6, 7, 8, 9], [5, 6, 7], [11], [12, 13, 14, 15]]
    found = states.hidden_states(body, rows)
    for row, state in zip(rows, found, strict=True):
        (alone,) = states.hidden_states(body, [row])
        assert state.shape == (len(row), 32)
        assert torch.allclose(state, alone, atol=1e-5)


@given(st.lists(st.integers(1, 6000), max_size=40))
def test_groups_hold_every_row_once_within_bounds(lengths: list[int]) -> None:
    made = states.groups(lengths)
    assert sorted(place for group in made for place in group) == list(range(len(lengths)))
    for group in made:
        longest = max(lengths[place] for place in group)
        assert len(group) == 1 or len(group) * longest <= states.TOKENS_AT_ONCE
        assert all(2 * lengths[place] >= longest for place in group)
