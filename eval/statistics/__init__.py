"""Intervals, paired comparisons and random streams; every definition is explained in ``docs/statistics.md``."""

from eval.statistics.clustered_mean import ClusteredMean, clustered_mean
from eval.statistics.clusters import clusters_by_gold
from eval.statistics.compare import compare_family, holm, mcnemar
from eval.statistics.interval import interval
from eval.statistics.seeds import fan_out
from eval.statistics.sign_flip import SignFlips, sign_flips
from eval.statistics.small_sample import winners_of_small_samples

__all__ = [
    "ClusteredMean",
    "SignFlips",
    "clustered_mean",
    "clusters_by_gold",
    "compare_family",
    "fan_out",
    "holm",
    "interval",
    "mcnemar",
    "sign_flips",
    "winners_of_small_samples",
]
