"""What a signal costs beside a separate reward model: parameters, key-value memory, and milliseconds a token.

    python benchmarks/otter_cost.py [--context 512] [--rounds 4] [--candidates 10]

The embedded model writes one token at the end of a text, again and again, with nothing beside it, with an Otter in it
(split and fused) that weighs ``--candidates`` tokens, and with a reward model of its own size that scores the same
candidates in two ways: as published (ARGS: every candidate read anew with the whole text before it), and well made (the
text's keys and values kept, all candidates in one pass over them, each seeing the text and itself). Products, dtype and
attention kernels are the same for all. Contestants take turns; processor time is measured, which other load hardly
changes and which with one thread is what an idle machine takes (OMP_NUM_THREADS=1); medians over the rounds.
"""

import argparse
from collections.abc import Callable
from statistics import median
from time import process_time
from typing import Any

import torch

from pipelines.cache import cache_folder
from pipelines.generation.calibration import Platt
from pipelines.generation.decoding import Decoder
from pipelines.generation.encoding import Encoded
from pipelines.generation.otter.insertion import Insertion
from pipelines.generation.otter.merged import merge
from pipelines.generation.otter.parameters import Otter, copy_slices
from pipelines.generation.otter.size import Size
from pipelines.generation.otter.steering import Steered
from pipelines.generation.packed_linear import pack_linears
from pipelines.generation.shapes import Shapes
from pipelines.generation.slots import SlotCache
from pipelines.generation.weights import load, prepare_embedded
from pipelines.records import Prompt

SIZE = Size(width=48, kv_heads=1, inner=128)
Work = Callable[[], object]


def parameters(module: Any) -> int:
    """Distinct parameters."""
    return sum(one.numel() for one in module.parameters())


def fresh() -> tuple[Any, Any]:
    """The embedded model on the CPU, in its native dtype."""
    return load(prepare_embedded(cache_folder()), device="cpu")


def inserted(model: Any) -> Otter:
    """The default Otter in the model's dtype."""
    otter = Otter(model, SIZE)
    copy_slices(otter, model)
    return otter.to(model.dtype).requires_grad_(False)


def token(decoder: Decoder, ids: list[int]) -> Work:
    """Writes the token after next behind ``ids``, which are read once: the next one is in the answer already."""
    item = Encoded(0, Prompt(""), (), tuple(ids))
    (row,) = decoder._read([item], len(ids), rows=1)
    cache = SlotCache(1, decoder.layers, len(ids) + 1, decoder.model.device)
    cache.place(0, len(ids), row.states)

    def step() -> None:
        del row.tokens[1:]
        decoder._step([row], cache)

    return step


def with_split(ids: list[int], candidates: int) -> Work:
    """A token with an Otter beside the model's own parameters."""
    model, tokenizer = fresh()
    otter = inserted(model)
    decoder = Decoder(model, tokenizer, Shapes(), Steered(otter, Platt(), 1.0, candidates))
    Insertion(model, otter)
    decoder.layers += len(otter.layers)
    pack_linears(otter)
    return token(decoder, ids)


def with_fused(ids: list[int], candidates: int) -> Work:
    """A token with an Otter merged into the model's own parameters."""
    model, tokenizer = fresh()
    otter = inserted(model)
    merged = merge(model, otter)
    return token(Decoder(merged, tokenizer, Shapes(), Steered(otter, Platt(), 1.0, candidates)), ids)


def reading_anew(ids: list[int], candidates: int) -> Work:
    """The reward model reads every candidate with the whole text before it."""
    model, _ = fresh()
    pack_linears(model)
    texts = torch.tensor([[*ids, 100 + place] for place in range(candidates)])

    def score() -> None:
        model.get_decoder()(input_ids=texts, use_cache=False)

    return score


def on_kept_states(ids: list[int], candidates: int) -> Work:
    """The reward model keeps the text's states; the candidates stand side by side, each at the next position."""
    from transformers.cache_utils import DynamicCache

    model, _ = fresh()
    pack_linears(model)
    cache = DynamicCache()
    model.get_decoder()(input_ids=torch.tensor([ids]), past_key_values=cache, use_cache=True)
    mask = torch.cat([torch.ones(candidates, len(ids), dtype=torch.bool), torch.eye(candidates, dtype=torch.bool)], 1)
    tokens = torch.tensor([[100 + place for place in range(candidates)]])
    positions = torch.full((1, candidates), len(ids))

    def score() -> None:
        model.get_decoder()(
            input_ids=tokens,
            position_ids=positions,
            attention_mask=mask[None, None],
            past_key_values=cache,
            use_cache=True,
        )
        cache.crop(-candidates)

    return score


def main() -> None:
    """Print space and time."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--context", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--candidates", type=int, default=10)
    given = parser.parse_args()
    model, tokenizer = fresh()
    base, config = parameters(model), model.config
    ids = tokenizer("The pump was serviced in the spring of 1904 by the works at Norwick. " * 200)["input_ids"]
    ids = ids[: given.context]
    split = with_split(ids, given.candidates)
    added = parameters(inserted(model))
    kept = 2 * config.num_hidden_layers * config.num_key_value_heads * config.head_dim * model.dtype.itemsize
    more = 2 * config.num_hidden_layers * SIZE.kv_heads * config.head_dim * model.dtype.itemsize
    print("| | separate reward model | Otter | share |\n|---|---:|---:|---:|")
    print(f"| parameters | {base:,} | {added:,} | {added / base:.1%} |")
    print(f"| key-value bytes a token | {kept:,} | {more:,} | {more / kept:.1%} |\n")
    contestants: dict[str, Work] = {
        "the model alone": token(Decoder(model, tokenizer, Shapes()), ids),
        "Otter, split": split,
        "Otter, fused": with_fused(ids, given.candidates),
        "reward model, well made": on_kept_states(ids, given.candidates),
        "reward model, as published": reading_anew(ids, given.candidates),
    }
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for round_ in range(given.rounds + 1):
        for name, work in contestants.items():
            for _ in range(1 if "published" in name else 8):
                started = process_time()
                work()
                if round_:  # the first round warms up
                    times[name].append(1000 * (process_time() - started))
    middle = {name: median(found) for name, found in times.items()}
    alone = middle.pop("the model alone")
    published, well_made = middle["reward model, as published"], middle["reward model, well made"]
    print(f"{given.context} tokens of context, {given.candidates} candidates, {config.dtype}, ", end="")
    print(f"{torch.get_num_threads()} threads; a token of the model alone: {alone:.1f} ms\n")
    print("| | ms a token added | share of as published | share of well made |\n|---|---:|---:|---:|")
    for name, found in middle.items():
        extra = found if "reward" in name else found - alone
        print(f"| {name} | {extra:.1f} | {extra / published:.2%} | {extra / well_made:.1%} |")


if __name__ == "__main__":
    with torch.inference_mode():
        main()
