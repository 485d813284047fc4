"""Do inserted parameters leave a model's logits alone, to the last bit, over real text?

    python benchmarks/otter_exact.py [--tokens 10000] [--window 512] [--dtypes bfloat16 float32]

The embedded model reads the project's own documentation in windows, with and without the default Otter in it (slices of
the model, shaken so that every parameter matters), in each dtype, with the stock kernel and with the one that answers
are decoded with. A window counts as equal where no logit differs in any bit. For the fused form the greatest difference
over the first two windows is shown: it adds up in another order.
"""

import argparse
from pathlib import Path
from typing import Any

import torch

from pipelines.cache import cache_folder
from pipelines.generation.attention import NAME
from pipelines.generation.otter.insertion import Insertion
from pipelines.generation.otter.merged import merge
from pipelines.generation.otter.parameters import Otter, copy_slices
from pipelines.generation.otter.size import Size
from pipelines.generation.weights import load, prepare_embedded

SIZE = Size(width=48, kv_heads=1, inner=128)


def windows(tokenizer: Any, tokens: int, window: int) -> list[torch.Tensor]:
    """At least ``tokens`` tokens of the pages under ``docs``, cut to windows ``[1, window]``."""
    pages = sorted((Path(__file__).parents[1] / "docs").glob("*.md"))
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    ids = tokenizer(text)["input_ids"][: -(-tokens // window) * window]
    return [torch.tensor([ids[begin : begin + window]]) for begin in range(0, len(ids), window)]


def logits(model: Any, ids: torch.Tensor) -> torch.Tensor:
    """What the model makes of a window, ``[1, window, vocabulary]``."""
    mask = torch.ones(1, 1, ids.shape[1], ids.shape[1], dtype=torch.bool).tril()
    return model(input_ids=ids, attention_mask=mask, use_cache=False).logits


def main() -> None:
    """Print a row for each dtype and kernel."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tokens", type=int, default=10000)
    parser.add_argument("--window", type=int, default=512)
    parser.add_argument("--dtypes", nargs="+", default=["bfloat16", "float32"])
    parser.add_argument("--kernels", nargs="+", default=[NAME, "sdpa"])
    given = parser.parse_args()
    print("| dtype | kernel | tokens | logits | split: windows equal | fused: greatest difference |")
    print("|---|---|---:|---:|---:|---:|")
    for dtype in given.dtypes:
        model, tokenizer = load(prepare_embedded(cache_folder()), dtype=dtype, device="cpu")
        otter = Otter(model, SIZE)
        copy_slices(otter, model)
        torch.manual_seed(1)
        for parameter in otter.parameters():
            parameter.data += 0.02 * torch.randn_like(parameter)
        otter.to(model.dtype).requires_grad_(False)
        fused = merge(model, otter)
        texts = windows(tokenizer, given.tokens, given.window)
        for kernel in given.kernels:
            equal, difference = 0, 0.0
            for one in (model, fused):
                one.set_attn_implementation(kernel)
            for number, ids in enumerate(texts):
                before = logits(model, ids)
                insertion = Insertion(model, otter)
                equal += torch.equal(logits(model, ids), before)
                insertion.remove()
                if number < 2:
                    difference = max(difference, float((logits(fused, ids) - before).abs().max()))
            count = sum(ids.numel() for ids in texts)
            figures = (dtype, kernel, f"{count:,}", f"{count * model.config.vocab_size:,}")
            print("|", " | ".join(figures), f"| {equal} of {len(texts)} | {difference:.2g} |", flush=True)


if __name__ == "__main__":
    with torch.inference_mode():
        main()
