"""The attention of ``pipelines.generation.attention`` against torch's fused kernel, at the lengths of prompts.

    python benchmarks/attention.py

Both attend with a boolean mask: causal for a prompt that is read, and up to each row's own length for a decoding step.
The fused kernel is given keys and values repeated for every query head, as ``transformers`` does on a CPU. The
fastest of ten passes counts; the shapes are SmolLM2-135M's (9 query heads, 3 key heads, size 64), in bfloat16.
"""

import time
from collections.abc import Callable

import torch

from pipelines.generation.attention import attend

SHAPES = ((1, 64, 64), (1, 128, 192), (1, 256, 384), (32, 1, 384), (32, 1, 768))
"""Rows, new tokens, tokens attended to."""


def fastest(work: Callable[[], object]) -> float:
    """Milliseconds of the fastest of ten passes."""
    times = []
    for _ in range(10):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times) * 1000


def main() -> None:
    """Print both times for every shape."""
    module = torch.nn.Identity()
    print("| rows | new | all | fused, ms | grouped, ms | ratio |\n|---:|---:|---:|---:|---:|---:|")
    for rows, new, everything in SHAPES:
        query = torch.randn(rows, 9, new, 64, dtype=torch.bfloat16)
        key, value = (torch.randn(rows, 3, everything, 64, dtype=torch.bfloat16) for _ in range(2))
        mask = torch.ones(rows, 1, new, everything, dtype=torch.bool).tril(everything - new)

        def fused(query=query, key=key, value=value, mask=mask) -> object:  # type: ignore[no-untyped-def]
            repeated = (states.repeat_interleave(3, 1) for states in (key, value))
            return torch.nn.functional.scaled_dot_product_attention(query, *repeated, attn_mask=mask)

        def grouped(query=query, key=key, value=value, mask=mask) -> object:  # type: ignore[no-untyped-def]
            return attend(module, query, key, value, mask)

        theirs, ours = fastest(fused), fastest(grouped)
        print(f"| {rows} | {new} | {everything} | {theirs:.2f} | {ours:.2f} | {theirs / ours:.2f} |")


if __name__ == "__main__":
    with torch.inference_mode():
        main()
