"""How fast MoEE reads texts, against a loop that does what the published procedure does; the gain split by its causes.

    python benchmarks/moee_speed.py --texts 48 --rounds 2 --threads 1

The first contestant reads texts in the order they come, pads on the left under a mask, and runs the whole model with
its vocabulary head. Each further one changes one thing and keeps the rest: texts sorted by length, no head, padding on
the right without a mask (this is the encoder), bfloat16. Half of the texts are sentences of STS-B, half documents of
NFCorpus, in turns. Contestants take turns too and the fastest round of each counts. Processor time is the measure to
read where the machine is shared; with one thread it is what an idle machine takes. The rows of all contestants are
compared with those of the first. The model is the virtual mixture over the embedded SmolLM2.
"""

import argparse
import csv
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from moee_arms import DATA, Rows

from pipelines.retrieval.moee import Encoder, MoEEVirtualConfig, encoder_of
from pipelines.retrieval.moee.combining import gated, unit
from pipelines.retrieval.moee.prompts import encode
from pipelines.retrieval.moee.virtual import recorded_masses

MAX_LENGTH, BATCH = 128, 16


@dataclass(frozen=True)
class Loop:
    """The published procedure, with two of its habits to be dropped."""

    encoder: Encoder
    sort: bool
    head: bool

    def __call__(self, texts: Sequence[str]) -> Rows:
        routed = self.encoder.load()
        ids = encode(routed.tokenizer, texts, "prompteol", MAX_LENGTH)
        order = sorted(range(len(ids)), key=lambda place: -len(ids[place])) if self.sort else list(range(len(ids)))
        rows = np.zeros((len(ids), routed.layout.width), dtype=np.float32)
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            rows[places] = self._read([ids[place] for place in places])
        return rows

    @torch.inference_mode()
    def _read(self, batch: list[list[int]]) -> Rows:
        routed = self.encoder.load()
        longest = max(map(len, batch))
        padding = [longest - len(text) for text in batch]
        ids = torch.tensor([[0] * pad + text for pad, text in zip(padding, batch, strict=True)])
        mask = torch.tensor([[0] * pad + [1] * (longest - pad) for pad in padding])
        layers = [layer.mlp for layer in routed.model.get_decoder().layers]
        last = torch.full((len(batch),), longest - 1)
        with recorded_masses(layers, routed.layout.experts[0], last) as logits:
            options = {"input_ids": ids, "attention_mask": mask, "use_cache": False}
            if self.head:
                hidden = routed.model(**options, output_hidden_states=True).hidden_states[-1]
            else:
                hidden = routed.model.get_decoder()(**options).last_hidden_state
        return torch.cat([hidden[:, -1].float(), *logits], dim=1).numpy()


def texts_of(count: int) -> list[str]:
    """Sentences and documents in turns."""
    with (DATA / "stsb/stsb-en-dev.csv").open(encoding="utf-8", newline="") as file:
        sentences = [row[0] for row in csv.reader(file)][:: 1500 // max(1, count // 2)]
    with (DATA / "nfcorpus/corpus.jsonl").open(encoding="utf-8") as file:
        documents = [f"{row['title']} {row['text']}" for row in map(json.loads, file)][: count // 2]
    return list(chain.from_iterable(zip(sentences, documents, strict=False)))


def timed(read: Callable[[Sequence[str]], Rows], texts: Sequence[str]) -> tuple[float, float, Rows]:
    """Wall seconds, processor seconds, rows."""
    wall, processor = time.perf_counter(), time.process_time()
    rows = read(texts)
    return time.perf_counter() - wall, time.process_time() - processor, rows


def main() -> None:
    """Print a row a contestant."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    settings = {"prompt": "prompteol", "max_length": MAX_LENGTH, "batch_size": BATCH, "device": "cpu"}
    whole, half = (
        encoder_of(MoEEVirtualConfig.model_validate({**settings, "dtype": dtype})) for dtype in ("float32", "bfloat16")
    )
    contestants: dict[str, Callable[[Sequence[str]], Rows]] = {
        "published procedure": Loop(whole, sort=False, head=True),
        "+ sorted by length": Loop(whole, sort=True, head=True),
        "+ no vocabulary head": Loop(whole, sort=True, head=False),
        "+ right padding, no mask": whole.embed_documents,
        "+ bfloat16": half.embed_documents,
    }
    texts = texts_of(arguments.texts)
    tokens = sum(whole.count_tokens(texts))
    half.load()
    measured: dict[str, list[tuple[float, float, Rows]]] = {name: [] for name in contestants}
    for _ in range(arguments.rounds):
        for name, read in contestants.items():
            measured[name].append(timed(read, texts))
    print(f"{len(texts)} texts, {tokens:,} tokens, {arguments.threads} thread(s), {arguments.rounds} rounds\n")
    columns = ["contestant", "tokens/s of processor", "of wall", "speed", "gain of the step"]
    columns += ["least cosine of HS", "greatest difference of a routing weight"]
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    first = before = min(processor for _, processor, _ in measured["published procedure"])
    expected = parts_of(whole, measured["published procedure"][0][2])
    for name, found in measured.items():
        wall, processor = min(one[0] for one in found), min(one[1] for one in found)
        hidden, routing = parts_of(whole, found[0][2])
        cosine, difference = (hidden * expected[0]).sum(1).min(), abs(routing - expected[1]).max()
        speeds = f"{tokens / processor:,.0f} | {tokens / wall:,.0f} | {first / processor:.2f} x"
        print(f"| {name} | {speeds} | {before / processor:.2f} x | {cosine:.6f} | {difference:.1e} |")
        before = processor


def parts_of(encoder: Encoder, rows: Rows) -> tuple[Rows, Rows]:
    """Hidden states at length 1, and routing weights."""
    layout = encoder.layout
    parts = gated(rows, layout, "softmax")
    return unit(parts[:, : layout.hidden]), parts[:, layout.hidden :]


if __name__ == "__main__":
    main()
