"""MoEE's arms on STS-B test under both prompts, beside all-MiniLM-L6-v2 and BM25; the z-score isolated.

    python benchmarks/moee_sts.py [--dtype bfloat16]

Statistics are those of the dev sentences, alpha is chosen by Spearman on the dev pairs, test is read once. Intervals
are percentile bootstraps over pairs, of differences too. Prints Markdown. Expects ../shared/data beside the project.
"""

import csv
from argparse import Namespace
from collections.abc import Sequence

import numpy as np
from moee_arms import (
    ARMS,
    BASE,
    BM25,
    DATA,
    MINILM,
    PROMPTS,
    Rows,
    arguments_of,
    bm25_over,
    fitting_of,
    heading,
    minilm_reader,
    reader_of,
    row,
)
from numpy.typing import NDArray
from scipy.stats import rankdata, spearmanr

from pipelines.records import Chunk
from pipelines.retrieval.moee import MoEEEmbedder
from pipelines.retrieval.moee.fitting import ALPHAS

DRAWS = 1000
Scores = NDArray[np.float64]
Pairs = tuple[list[str], list[str], Scores]


def read(split: str) -> Pairs:
    """Sentences, sentences and their similarity."""
    with (DATA / f"stsb/stsb-en-{split}.csv").open(encoding="utf-8", newline="") as file:
        first, second, scores = zip(*csv.reader(file), strict=True)
    return list(first), list(second), np.array(scores, dtype=np.float64)


def spearman(scores: Scores, gold: Scores) -> float:
    return float(spearmanr(scores, gold).statistic)


def cosines(embedder: MoEEEmbedder, first: Rows, second: Rows) -> Scores:
    return (embedder.vectors(first) * embedder.vectors(second)).sum(1, dtype=np.float64)


def scored(prompt: str, arm: str, dev: Pairs, test: Pairs, arguments: Namespace) -> tuple[Scores, float]:
    """The scores of the test pairs, and the alpha that was best on dev."""
    fitting = fitting_of(prompt, ARMS[arm], arguments)
    reader = reader_of(fitting, arguments, "sts")
    on_dev = [reader.rows(f"dev{side}", dev[side]) for side in (0, 1)]
    on_test = [reader.rows(f"test{side}", test[side]) for side in (0, 1)]
    statistics = fitting.statistics(np.concatenate(on_dev))
    if ARMS[arm]["combine"] != "sum":
        return cosines(fitting.embedder(statistics, 1.0), *on_test), 1.0
    hs, rw = (MoEEEmbedder(fitting.encoder, fitting.config.rw, part, 0.0, statistics) for part in ("hs", "rw"))
    hs_dev, rw_dev = cosines(hs, *on_dev), cosines(rw, *on_dev)
    alpha = max(ALPHAS, key=lambda alpha: spearman(hs_dev + alpha * rw_dev, dev[2]))
    return cosines(hs, *on_test) + alpha * cosines(rw, *on_test), alpha


def bm25_scores(first: Sequence[str], second: Sequence[str]) -> Scores:
    """A sentence searched for among all sentences of the split, both ways, over what each scores with itself:
    (s(a, b) + s(b, a)) / (s(a, a) + s(b, b))."""
    partners: dict[str, set[str]] = {text: {text} for text in (*first, *second)}
    for a, b in zip(first, second, strict=True):
        partners[a].add(b)
        partners[b].add(a)
    chunks = [Chunk(text, text, 0, len(text), text, text) for text in partners]
    scores: dict[tuple[str, str], float] = {}
    with bm25_over(chunks) as search:
        for text, others in partners.items():
            (hits,) = search([text], len(chunks))
            found = zip(hits.chunk_ids, hits.scores, strict=True)
            scores |= {(text, name): score for name, score in found if name in others}

    def pair(a: str, b: str) -> float:
        own = scores.get((a, a), 0.0) + scores.get((b, b), 0.0)
        return (scores.get((a, b), 0.0) + scores.get((b, a), 0.0)) / own if own else 0.0

    return np.array([pair(a, b) for a, b in zip(first, second, strict=True)])


def resampled(scores: Scores, gold: Scores) -> Scores:
    """Spearman of ``DRAWS`` resamples, the same pairs for all ``scores``."""
    draws = np.random.default_rng(0).integers(0, len(gold), (DRAWS, len(gold)))
    ranks = [rankdata(values[draws], axis=1) for values in (scores, gold)]
    x, y = (one - one.mean(1, keepdims=True) for one in ranks)
    found: Scores = (x * y).sum(1) / np.sqrt((x**2).sum(1) * (y**2).sum(1))
    return found


def within(value: float, draws: Scores, sign: str = "") -> str:
    low, high = np.percentile(draws, [2.5, 97.5])
    return f"{value:{sign}.3f} ({low:{sign}.3f} to {high:{sign}.3f})"


def main() -> None:
    """Print the table."""
    arguments = arguments_of(__doc__.splitlines()[0], max_length=512, dtype="float32")
    dev, test = read("dev"), read("test")
    gold = test[2]
    print(f"STS-B test, {len(gold):,} pairs, {arguments.dtype}: Spearman (95 %)\n\n{heading()}", flush=True)
    found = {(arm, prompt): scored(prompt, arm, dev, test, arguments) for prompt in PROMPTS for arm in ARMS}
    draws = {key: resampled(scores, gold) for key, (scores, _) in found.items()}
    for arm, fields in ARMS.items():
        cells = []
        for prompt in PROMPTS:
            (scores, alpha), (base, _) = found[arm, prompt], found[BASE, prompt]
            delta, drawn = spearman(scores, gold) - spearman(base, gold), draws[arm, prompt] - draws[BASE, prompt]
            cells.append(within(spearman(scores, gold), draws[arm, prompt]))
            cells.append("" if arm == BASE else within(delta, drawn, "+"))
            cells.append(f"{alpha:.2f}" if fields["combine"] == "sum" else "")
        print(row(arm, cells))
    minilm = minilm_reader(arguments, "sts")
    others = {MINILM: (minilm.rows("test0", test[0]) * minilm.rows("test1", test[1])).sum(1, dtype=np.float64)}
    others[BM25] = bm25_scores(test[0], test[1])
    for name, scores in others.items():
        print(row(name, [within(spearman(scores, gold), resampled(scores, gold))]))


if __name__ == "__main__":
    main()
