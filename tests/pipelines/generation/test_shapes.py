"""Canonical shapes: few, wide enough, and a function of the prompt alone."""

from hypothesis import given
from hypothesis import strategies as st

from pipelines.generation.shapes import Shapes

shapes = st.builds(Shapes, pack=st.integers(16, 20000), slots=st.integers(1, 200))


def test_longer_prompts_take_doubled_packs() -> None:
    assert [Shapes().packed(n) for n in (1, 512, 513, 1024, 1025)] == [512, 512, 1024, 1024, 2048]


def test_packs_are_filled_first_fit_longest_first() -> None:
    assert Shapes(pack=100, slots=3).packs([30, 60, 50, 40, 150, 10]) == [(200, [4]), (100, [1, 3]), (100, [2, 0, 5])]


def test_a_pack_holds_no_more_prompts_than_there_are_slots() -> None:
    assert Shapes(pack=100, slots=2).packs([10] * 5) == [(100, [0, 1]), (100, [2, 3]), (100, [4])]


def test_slots_double_until_they_hold_prompt_and_answer() -> None:
    assert [Shapes().capacity(n) for n in (1, 384, 385, 768, 769)] == [384, 384, 768, 768, 1536]


@given(shapes, st.lists(st.integers(1, 9000), max_size=40))
def test_every_prompt_is_packed_once_in_a_pack_of_its_own_size_that_holds_all_of_it(
    canonical: Shapes, lengths: list[int]
) -> None:
    packs = canonical.packs(lengths)
    assert sorted(index for _, held in packs for index in held) == list(range(len(lengths)))
    for size, held in packs:
        assert sum(lengths[index] for index in held) <= size
        assert len(held) <= canonical.slots
        assert {canonical.packed(lengths[index]) for index in held} == {size}


@given(shapes, st.integers(1, 9000))
def test_slots_hold_what_they_are_made_for(canonical: Shapes, tokens: int) -> None:
    assert tokens <= canonical.capacity(tokens) < max(385, 2 * tokens)
