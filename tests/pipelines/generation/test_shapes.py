"""Canonical shapes: few, wide enough, and a function of the prompt alone."""

from hypothesis import given
from hypothesis import strategies as st

from pipelines.generation.shapes import Shapes

shapes = st.builds(Shapes, prefill_tokens=st.integers(16, 20000), slots=st.integers(1, 200))


def test_padded_lengths_rise_in_steps_of_16_then_32_then_128() -> None:
    assert [Shapes().padded(n) for n in (1, 16, 17, 128, 129, 160, 161, 512, 513, 640, 641)] == [
        *(16, 16, 32, 128, 160, 160, 192, 512, 640, 640, 768),
    ]


def test_rows_are_the_largest_power_of_two_within_the_token_budget_and_the_slots() -> None:
    assert [Shapes(prefill_tokens=1024, slots=32).rows(n) for n in (16, 32, 33, 64, 512, 513, 4096)] == [
        *(32, 32, 16, 16, 2, 1, 1),
    ]
    assert Shapes(prefill_tokens=4096, slots=6).rows(16) == 4


def test_capacity_rises_in_steps_of_128() -> None:
    assert [Shapes().capacity(n) for n in (1, 128, 129, 256, 257)] == [128, 128, 256, 256, 384]


@given(shapes, st.integers(1, 9000))
def test_shapes_hold_what_they_are_made_for(canonical: Shapes, tokens: int) -> None:
    padded = canonical.padded(tokens)
    assert tokens <= padded < tokens + 128
    assert canonical.padded(padded) == padded
    assert canonical.capacity(tokens) >= tokens
    rows = canonical.rows(padded)
    assert 1 <= rows <= canonical.slots
    assert rows == 1 or rows * padded <= canonical.prefill_tokens
