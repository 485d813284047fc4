"""Plain attention for training short examples on a CPU, where the flash kernel's backward took 20 % of a step."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

EAGER_UP_TO = 256
"""Longest example, in tokens, trained with plain attention. The flash kernel's backward is slower up to 1,024 tokens,
but the gain shrinks with the length while the memory for the scores grows with its square."""


@contextmanager
def fast_attention(model: Any, longest: int) -> Iterator[None]:
    """Within the block ``model`` attends in the way that trains examples of up to ``longest`` tokens the fastest."""
    usual = model.config._attn_implementation
    if model.device.type != "cpu" or usual != "sdpa" or longest > EAGER_UP_TO:
        yield
        return
    model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(usual)
