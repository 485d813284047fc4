"""Clustered resampling: the one place where bootstrap draws of questions are made."""

import numpy as np
from numpy.typing import NDArray


def cluster_weights(clusters: NDArray[np.int64], draws: int, seed: int) -> NDArray[np.float64]:
    """How often each question is drawn when whole clusters are resampled with replacement.

    ``clusters`` [n] gives the cluster of each question (any integers). Every draw takes as many clusters as there are,
    so a question's multiplicity is that of its cluster. Returns ``[draws, n]``. With one question a cluster this is
    the ordinary bootstrap. Source: Davison and Hinkley (1997), Bootstrap Methods and their Application, section 3.8.
    """
    names, cluster_of = np.unique(clusters, return_inverse=True)
    count = len(names)
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=draws)
    return drawn[:, cluster_of].astype(np.float64)
