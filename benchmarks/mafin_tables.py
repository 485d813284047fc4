"""Mafin against its black box and its rivals on NFCorpus and fiqa_lite: all arms, several seeds, paired tests.

    python benchmarks/mafin_tables.py [--sets nfcorpus fiqa_lite] [--seeds 3] [--set steps=100] [--dev]

The black box is all-MiniLM-L6-v2, the augmenter a cut of it. Trainings are kept below ``--work``, so a stopped run goes
on, and ``--set`` trains others beside them. Arms that share an augmenter are read off one matrix of its cosines: the
index of concatenated vectors gives the same ranking. Everything is chosen on train and dev; ``--dev`` ends there, else
test is read. Prints Markdown.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
import yaml
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # benchmarks/ is no installed package

from assay.comparing_retrieval import METRIC, clusters  # noqa: E402
from assay.tables import markdown_table  # noqa: E402
from benchmarks.mafin_trainings import TRAINED, Bench, Scores, Trainings  # noqa: E402
from eval.metrics import score_documents  # noqa: E402
from eval.results import Comparison  # noqa: E402
from eval.statistics import compare_family  # noqa: E402
from pipelines.retrieval.mafin.losses import combined  # noqa: E402
from pipelines.retrieval.ranking import best  # noqa: E402

DEPTH = 100
METRICS = (METRIC, "recall_at_10", "recall_at_100")
QUANTITIES = ("training_seconds", "steps", "dev_ndcg_at_10_before", "dev_ndcg_at_10", "weight")
MAFIN = "Mafin 1/2"
ARMS = ("linear adapter", "tuned alone", "untrained", "tuned apart", MAFIN, "Mafin, dev", "Mafin, learned", "published")
CONTRASTS = [
    *((name, "black box") for name in ARMS),
    *((MAFIN, name) for name in ("linear adapter", "tuned alone", "tuned apart")),
]


def measured(bench: Bench, scores: Scores) -> dict[str, NDArray[np.float64]]:
    """The metrics of every judged test question."""
    rankings = [[bench.chunks[place].document_id for place in best(row, DEPTH)] for row in scores]
    table = score_documents(bench.questions, rankings, cutoffs=(10, DEPTH))
    return {name: np.asarray(table[name].compressed()) for name in METRICS}


def arms(trainings: Trainings, seed: int) -> dict[str, Scores]:
    """The scores of every arm that is trained."""
    black_box = trainings.bench.black_box
    own = {name: trainings.own(name, seed) for name in TRAINED if name != "linear"}
    weight = {name: trainings.measured(name, seed)["weight"] for name in own}
    return {
        "linear adapter": trainings.adapted(seed),
        "tuned alone": own["alone"],
        "tuned apart": combined(black_box, own["alone"], 0.5),
        MAFIN: combined(black_box, own["mafin"], 0.5),
        "Mafin, dev": combined(black_box, own["mafin"], weight["mafin"]),
        "Mafin, learned": combined(black_box, own["learned"], weight["learned"]),
        "published": combined(black_box, own["published"], weight["published"]),
    }


def training_rows(trainings: Trainings, seeds: int) -> list[list[str]]:
    """What the trainings measured on train and dev; what has not been trained is trained, the most wanted first."""
    rows = [["training", *QUANTITIES]]
    for name in TRAINED:
        found = [trainings.measured(name, seed) for seed in range(seeds)]
        rows.append([name, *(", ".join(f"{one[key]:.3g}" for one in found if key in one) for key in QUANTITIES)])
    return rows


def per_question(trainings: Trainings, seeds: int) -> dict[str, list[dict[str, NDArray[np.float64]]]]:
    """The metrics of every arm on test, one entry for each seed."""
    bench = trainings.bench
    untrained = combined(bench.black_box, trainings.start(), 0.5)
    found = {"black box": [measured(bench, bench.black_box)], "untrained": [measured(bench, untrained)]}
    for seed in range(seeds):
        for arm, scores in arms(trainings, seed).items():
            found.setdefault(arm, []).append(measured(bench, scores))
    return found


def contrast_row(one: Comparison) -> list[str]:
    """A comparison with its simultaneous interval."""
    verdict = {"a": one.a, "b": one.b}.get(one.verdict, one.verdict)
    interval = f"{one.low:+.4f} to {one.high:+.4f}"
    return [f"{one.a} - {one.b}", f"{one.delta:+.4f}", interval, f"{one.p_adjusted:.4f}", verdict]


def show_test(trainings: Trainings, seeds: int) -> None:
    """Print the metrics of all arms on test, and the contrasts."""
    found = per_question(trainings, seeds)
    rows = [
        [arm, str(len(runs)), *(f"{np.mean([one[metric] for one in runs]):.4f}" for metric in METRICS)]
        for arm, runs in found.items()
    ]
    print(markdown_table([["arm", "seeds", *METRICS], *rows]) + "\n")
    values = {arm: np.array([one[METRIC] for one in runs]) for arm, runs in found.items()}
    compared = compare_family(CONTRASTS, values, clusters(trainings.bench.questions), metric=METRIC, seed=0)
    heading = [f"contrast in {METRIC}", "difference", "95 %, simultaneous", "p, Holm", "verdict"]
    print(markdown_table([heading, *map(contrast_row, compared)]) + "\n", flush=True)


def main() -> None:
    """Run the sets that are asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", nargs="*", default=["nfcorpus", "fiqa_lite"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--set", nargs="*", default=[], metavar="FIELD=VALUE", help="of kind mafin, in all trainings")
    parser.add_argument("--dev", action="store_true", help="train and show dev; leave test unread")
    parser.add_argument("--work", type=Path, default=ROOT / ".assay/mafin")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    changes = {name: yaml.safe_load(value) for name, _, value in (one.partition("=") for one in arguments.set)}
    for name in arguments.sets:
        trainings = Trainings(Bench.load(name), changes, arguments.work)
        print(markdown_table(training_rows(trainings, arguments.seeds)) + "\n", flush=True)
        if not arguments.dev:
            show_test(trainings, arguments.seeds)


if __name__ == "__main__":
    main()
