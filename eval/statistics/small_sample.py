"""How often a small sample of questions would have named another winner."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from eval.results import SmallSample
from eval.statistics.clustered_mean import seed_matrix


def winners_of_small_samples(
    values: Mapping[str, ArrayLike], *, seed: int, questions: int = 30, draws: int = 2000
) -> SmallSample:
    """Draw ``questions`` of the test questions without replacement, ``draws`` times, and count who comes first.

    ``values`` maps configuration ids to per-question values, ``[n]`` or ``[seeds, n]``. A tie shares the draw equally
    among the tied. ``another`` is the share won by any configuration but the one that is first on all ``n`` questions
    (the earliest named of several). Raises ``ValueError`` where there are fewer than ``questions``.
    """
    ids = list(values)
    table = np.stack([seed_matrix(values[identifier]).mean(axis=0) for identifier in ids])
    n = table.shape[1]
    if questions > n:
        raise ValueError(f"a sample of {questions} questions cannot be drawn from {n}")
    order = np.random.default_rng(seed).random((draws, n))
    picks = np.argpartition(order, questions - 1, axis=1)[:, :questions]
    # Rounded so that equal means tie whatever the order they were summed in.
    means = np.round(table[:, picks].mean(axis=2), 12)
    first = means == means.max(axis=0)
    shares = (first / first.sum(axis=0)).mean(axis=1)
    winner = int(np.argmax(np.round(table.mean(axis=1), 12)))
    return SmallSample(
        questions=questions,
        draws=draws,
        winners={identifier: float(share) for identifier, share in zip(ids, shares, strict=True)},
        another=float(max(1 - shares[winner], 0.0)),
    )
