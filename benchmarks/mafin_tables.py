"""Mafin against its black box and its rivals on NFCorpus and fiqa_lite: all arms, several seeds, paired tests.

    python benchmarks/mafin_tables.py [--sets nfcorpus fiqa_lite] [--seeds 3] [--set steps=100] [--dev]
        [--leave-out published learned]

The black box is all-MiniLM-L6-v2, the augmenter a cut of it. Trainings are kept below ``--work``, so a stopped run goes
on, and ``--set`` trains others beside them. Arms that share an augmenter are read off one matrix of its cosines: the
index of concatenated vectors gives the same ranking. Everything is chosen on train and dev; ``--dev`` ends there, else
test is read. Prints Markdown.
"""

import argparse
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
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
    *((name, rival) for name in (MAFIN, "Mafin, dev") for rival in ("linear adapter", "tuned alone", "tuned apart")),
]


def measured(bench: Bench, scores: Scores) -> dict[str, NDArray[np.float64]]:
    """The metrics of every judged test question."""
    rankings = [[bench.chunks[place].document_id for place in best(row, DEPTH)] for row in scores]
    table = score_documents(bench.questions, rankings, cutoffs=(10, DEPTH))
    return {name: np.asarray(table[name].compressed()) for name in METRICS}


def arms(trainings: Trainings, seed: int, names: Collection[str]) -> dict[str, Scores]:
    """The scores of every arm that the trainings ``names`` give."""
    black_box = trainings.bench.black_box
    own = {name: trainings.own(name, seed) for name in names if name != "linear"}
    weight = {name: trainings.measured(name, seed)["weight"] for name in own}
    made: dict[str, tuple[str, Callable[[], Scores]]] = {
        "linear adapter": ("linear", lambda: trainings.adapted(seed)),
        "tuned alone": ("alone", lambda: own["alone"]),
        "tuned apart": ("alone", lambda: combined(black_box, own["alone"], 0.5)),
        MAFIN: ("mafin", lambda: combined(black_box, own["mafin"], 0.5)),
        "Mafin, dev": ("mafin", lambda: combined(black_box, own["mafin"], weight["mafin"])),
        "Mafin, learned": ("learned", lambda: combined(black_box, own["learned"], weight["learned"])),
        "published": ("published", lambda: combined(black_box, own["published"], weight["published"])),
    }
    return {arm: scores() for arm, (name, scores) in made.items() if name in names}


def training_rows(trainings: Trainings, seeds: int, names: Collection[str]) -> list[list[str]]:
    """What the trainings measured on train and dev; what has not been trained is trained, the most wanted first."""
    rows = [["training", *QUANTITIES]]
    for name in names:
        found = [trainings.measured(name, seed) for seed in range(seeds)]
        rows.append([name, *(", ".join(f"{one[key]:.3g}" for one in found if key in one) for key in QUANTITIES)])
    return rows


def per_question(
    trainings: Trainings, seeds: int, names: Collection[str]
) -> dict[str, list[dict[str, NDArray[np.float64]]]]:
    """The metrics of every arm on test, one entry for each seed."""
    bench = trainings.bench
    untrained = combined(bench.black_box, trainings.start(), 0.5)
    found = {"black box": [measured(bench, bench.black_box)], "untrained": [measured(bench, untrained)]}
    for seed in range(seeds):
        for arm, scores in arms(trainings, seed, names).items():
            found.setdefault(arm, []).append(measured(bench, scores))
    return found


def contrast_row(one: Comparison) -> list[str]:
    """A comparison with its simultaneous interval."""
    verdict = {"a": one.a, "b": one.b}.get(one.verdict, one.verdict)
    interval = f"{one.low:+.4f} to {one.high:+.4f}"
    return [f"{one.a} - {one.b}", f"{one.delta:+.4f}", interval, f"{one.p_adjusted:.4f}", verdict]


def show_test(trainings: Trainings, seeds: int, names: Collection[str]) -> None:
    """Print the metrics of all arms on test, and the contrasts."""
    found = per_question(trainings, seeds, names)
    rows = [
        [arm, *(f"{np.mean([one[metric] for one in runs]):.4f}" for metric in METRICS), _by_seed(runs)]
        for arm, runs in found.items()
    ]
    print(markdown_table([["arm", *METRICS, f"{METRIC} by seed"], *rows]) + "\n")
    values = {arm: np.array([one[METRIC] for one in runs]) for arm, runs in found.items()}
    contrasts = [pair for pair in CONTRASTS if set(pair) <= set(values)]
    compared = compare_family(contrasts, values, clusters(trainings.bench.questions), metric=METRIC, seed=0)
    heading = [f"contrast in {METRIC}", "difference", "95 %, simultaneous", "p, Holm", "verdict"]
    print(markdown_table([heading, *map(contrast_row, compared)]) + "\n", flush=True)


def _by_seed(runs: Sequence[Mapping[str, NDArray[np.float64]]]) -> str:
    return ", ".join(f"{np.mean(one[METRIC]):.4f}" for one in runs) if len(runs) > 1 else ""


def main() -> None:
    """Run the sets that are asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", nargs="*", default=["nfcorpus", "fiqa_lite"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--set", nargs="*", default=[], metavar="FIELD=VALUE", help="of kind mafin, in all trainings")
    parser.add_argument("--leave-out", nargs="*", default=[], choices=TRAINED, help="trainings, with what needs them")
    parser.add_argument("--dev", action="store_true", help="train and show dev; leave test unread")
    parser.add_argument("--work", type=Path, default=ROOT / ".assay/mafin")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    changes = {name: yaml.safe_load(value) for name, _, value in (one.partition("=") for one in arguments.set)}
    names = [name for name in TRAINED if name not in arguments.leave_out]
    for name in arguments.sets:
        trainings = Trainings(Bench.load(name), changes, arguments.work)
        print(markdown_table(training_rows(trainings, arguments.seeds, names)) + "\n", flush=True)
        if not arguments.dev:
            show_test(trainings, arguments.seeds, names)


if __name__ == "__main__":
    main()
