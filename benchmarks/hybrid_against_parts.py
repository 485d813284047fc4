"""Hybrid retrieval against the better of its two parts, over five public sets together.

    python benchmarks/hybrid_against_parts.py

On each set the better part (BM25 or MiniLM) is chosen on dev. Differences in nDCG@10 are paired by question; the last
row takes the questions of all sets as one sample. Expects what benchmarks/retrieval_tables.py left in the store,
otherwise it is computed.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assay.comparing_retrieval import METRIC, clusters, scored
from assay.loading import load_experiment
from assay.progress import Progress
from assay.stages import Stages
from assay.store import Store
from eval.leakage import without_leaks
from eval.statistics.compare import compare_family

ROOT = Path(__file__).parents[1]
SETS = ("nfcorpus", "nq_open", "tatqa", "musique", "pubmedqa")
HYBRIDS = ("hybrid", "hybrid_convex")
PARTS = ("bm25", "minilm")


def measured(path: Path, store: Path) -> tuple[str, dict[str, NDArray[np.float64]], NDArray[np.intp]]:
    """The better part on dev, nDCG@10 of every judged test question by configuration, and the questions' clusters."""
    experiment = load_experiment(path)
    stages = Stages(experiment, Store(store), Progress())
    stages.dataset, _ = without_leaks(stages.dataset)
    wanted = {one.id: one for one in experiment.configurations if one.id in (*HYBRIDS, *PARTS)}
    dev, test = stages.dataset.split("dev"), stages.dataset.split("test")
    better = max(PARTS, key=lambda name: scored(stages, wanted[name], dev)[0][METRIC].mean())
    tables = {name: scored(stages, one, test)[0][METRIC] for name, one in wanted.items()}
    judged = ~np.ma.getmaskarray(tables[better])
    return better, {name: np.asarray(table[judged]) for name, table in tables.items()}, clusters(test)[judged]


def main() -> None:
    """Print a row a set, and one for all of them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--store", type=Path, default=ROOT / ".assay/store")
    store = parser.parse_args().store
    pooled: dict[str, list[NDArray[np.float64]]] = {name: [] for name in (*HYBRIDS, "better part")}
    groups: list[NDArray[np.intp]] = []
    for name in SETS:
        better, values, members = measured(ROOT / f"configs/retrieval/{name}.yaml", store)
        values["better part"] = values[better]
        groups.append(members + sum(int(one.max()) + 1 for one in groups))
        for key, collected in pooled.items():
            collected.append(values[key])
        show(f"{name} ({better}, {len(members)} questions)", values, members)
    show("all", {key: np.concatenate(found) for key, found in pooled.items()}, np.concatenate(groups))


def show(title: str, values: dict[str, NDArray[np.float64]], members: NDArray[np.intp]) -> None:
    """Both kinds of fusion against the better part."""
    print(title)
    pairs = [(name, "better part") for name in HYBRIDS]
    for one in compare_family(pairs, values, members, metric=METRIC, seed=0):
        interval = f"[{one.low:+.4f}, {one.high:+.4f}]"
        print(f"  {one.a:14} {one.delta:+.4f} {interval} p {one.p_adjusted:.4f} {one.verdict}", flush=True)


if __name__ == "__main__":
    main()
