"""Which pairs of configurations a run compares, over all questions and within each track."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from eval.economics.mean_interval import Clusters
from eval.measured import Measured
from eval.results import ARMS, Comparison
from eval.statistics.compare import compare_family
from eval.statistics.seeds import fan_out
from pipelines.records import Question

LEVEL = 0.95


def named_contrasts(declared: Sequence[tuple[str, str]], measured: Sequence[Measured]) -> list[tuple[str, str]]:
    """The declared contrasts as pairs of configuration ids, an arm standing for its representative.

    Where none is declared, each arm's representative is compared with those of ``rag`` and of ``closed_book``; where
    there is one arm alone, the configuration that dev chose with its others.
    """
    chosen: dict[str, str] = {one.arm: one.id for one in measured if one.selected_on_dev}
    if declared:
        # An id that reads like an arm means that configuration.
        named = chosen | {one.id: one.id for one in measured}
        pairs = [(named.get(a, a), named.get(b, b)) for a, b in declared]
    else:
        baselines = [arm for arm in ("rag", "closed_book") if arm in chosen]
        pairs = [(chosen[arm], chosen[base]) for base in baselines for arm in ARMS if arm in chosen and arm != base]
        if len(chosen) == 1:
            pairs = [(best, one.id) for best in chosen.values() for one in measured]
    unique: list[tuple[str, str]] = []
    for a, b in pairs:
        if a != b and (a, b) not in unique and (b, a) not in unique:
            unique.append((a, b))
    return unique


def compare_all(
    contrasts: Sequence[tuple[str, str]],
    questions: Sequence[Question],
    values: Mapping[str, NDArray[np.float64]],
    clusters: Clusters,
    *,
    metric: str,
    seed: int,
    margin: float,
) -> tuple[list[Comparison], dict[str, tuple[Comparison, ...]]]:
    """``contrasts`` compared on all ``questions``, and by track on the questions of each track alone.

    ``values`` are of shape [seeds, questions]. The tracks together are a second family: each is tested at its share of
    the level (Bonferroni), so intervals are simultaneous over all of them and ``p_adjusted`` counts every comparison.
    """
    overall = compare_family(contrasts, values, clusters, metric=metric, seed=seed, margin=margin, level=LEVEL)
    tracks = sorted({question.track for question in questions if question.track})
    by_track = {}
    for track in tracks:
        members = np.array([question.track == track for question in questions])
        compared = compare_family(
            contrasts,
            {name: table[:, members] for name, table in values.items()},
            clusters[members],
            metric=metric,
            seed=fan_out(seed, "track", track),
            margin=margin,
            level=1 - (1 - LEVEL) / len(tracks),
        )
        by_track[track] = tuple(
            one.model_copy(update={"p_adjusted": min(1.0, one.p_adjusted * len(tracks))}) for one in compared
        )
    return overall, by_track
