"""Linear layers laid out for oneDNN against torch's plain ones, by the number of rows.

    python benchmarks/packed_linear.py

Sixty layers of each size are multiplied behind each other, so that their weights come from memory as a model's do.
The fastest of six passes counts; the sizes are SmolLM2-135M's, in bfloat16.
"""

import time
from collections.abc import Callable

import torch

from pipelines.generation.packed_linear import PackedLinear

LAYERS = 60
SIZES = ((576, 1536), (1536, 576), (576, 576))
ROWS = (1, 8, 32, 128, 512)


def fastest(work: Callable[[], object]) -> float:
    """Milliseconds a layer of the fastest of six passes."""
    times = []
    for _ in range(6):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times) * 1000 / LAYERS


def main() -> None:
    """Print both times for every size and number of rows."""
    print("| in | out | rows | plain, ms | packed, ms | ratio |\n|---:|---:|---:|---:|---:|---:|")
    for size_in, size_out in SIZES:
        plain = [torch.nn.Linear(size_in, size_out, bias=False, dtype=torch.bfloat16) for _ in range(LAYERS)]
        packed = [PackedLinear(layer) for layer in plain]
        for rows in ROWS:
            given = torch.randn(rows, size_in, dtype=torch.bfloat16)
            theirs, ours = (fastest(lambda ls=layers, x=given: [one(x) for one in ls]) for layers in (plain, packed))
            print(f"| {size_in} | {size_out} | {rows} | {theirs:.3f} | {ours:.3f} | {theirs / ours:.2f} |")


if __name__ == "__main__":
    if not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        raise SystemExit("this processor does not multiply bfloat16")
    with torch.inference_mode():
        main()
