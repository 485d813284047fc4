"""Agreement of a judge with people, chance taken out, and its 95 % interval."""

from collections import Counter
from collections.abc import Hashable, Sequence
from itertools import combinations
from math import atanh, isnan, nan, sqrt, tanh
from statistics import median
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from eval.judging.results import Agreement

Label = TypeVar("Label", bound=Hashable)
LEAST_ROWS = 10
"""Labelled rows below which no agreement is given."""


def cohen_kappa(a: Sequence[Label], b: Sequence[Label]) -> float:
    """``(observed - chance) / (1 - chance)`` of two raters (Cohen 1960): the share of rows they agree on, less what
    their own frequencies would give by chance. 1 is full agreement, 0 none beyond chance. NaN where both gave
    every row one and the same label, or there is no row."""
    return float(_kappas(_shares(a, b)[None])[0]) if a else nan


def kappa_interval(a: Sequence[Label], b: Sequence[Label], *, seed: int, draws: int = 10_000) -> tuple[float, float]:
    """The central 95 % of kappa under the posterior of the joint shares, Dirichlet with Jeffreys' half a count in
    every cell (Basu, Banerjee and Sen, Biometrics 56, 2000). A bootstrap of a judge without mistakes would have no
    width at all; this does not."""
    counts = _shares(a, b) * len(a)
    drawn = np.random.default_rng(seed).dirichlet(counts.ravel() + 0.5, size=draws)
    low, high = np.quantile(_kappas(drawn.reshape(draws, *counts.shape)), [0.025, 0.975])
    return float(low), float(high)


def _shares(a: Sequence[Label], b: Sequence[Label]) -> NDArray[np.float64]:
    labels = {label: place for place, label in enumerate(dict.fromkeys([*a, *b]))}
    table = np.zeros((len(labels), len(labels)))
    for left, right in zip(a, b, strict=True):
        table[labels[left], labels[right]] += 1
    return table / max(1, len(a))


def _kappas(tables: NDArray[np.float64]) -> NDArray[np.float64]:
    """Kappa of each table of joint shares, [tables, labels, labels]."""
    observed = np.trace(tables, axis1=1, axis2=2)
    chance = (tables.sum(axis=1) * tables.sum(axis=2)).sum(axis=1)
    room = 1 - chance
    return np.divide(observed - chance, room, out=np.full_like(room, np.nan), where=room > 1e-12)


def kendall_tau(a: Sequence[float], b: Sequence[float]) -> float:
    """Kendall's tau-b (Kendall 1945): ``sum of A_ij B_ij / sqrt(sum of A_ij^2 * sum of B_ij^2)`` over pairs of rows,
    with ``A_ij`` the sign of ``a_i - a_j``, so tied pairs count on neither side. NaN where one is constant."""
    both, left, right = (terms.sum() for terms in _pairs(a, b))
    return float(both / sqrt(left * right)) if left * right > 0 else nan


def tau_interval(a: Sequence[float], b: Sequence[float]) -> tuple[float, float]:
    """``tanh(atanh(tau) -+ t * se)``, Student's t with n - 1 degrees of freedom.

    ``se`` is the jackknife's over rows, divided by ``1 - tau^2`` as the transform asks, which holds with many ties;
    but at least ``sqrt(0.437 / (n - 4))`` (Fieller, Hartley and Pearson, Biometrika 44, 1957), which is right without
    ties and keeps a width where no row differs. For the same reason a perfect order is read as if one pair of rows
    were discordant. Raises ``ValueError`` below five rows and where one side is constant.
    """
    from scipy.stats import t

    n, (both, left, right) = len(a), _pairs(a, b)
    tau = kendall_tau(a, b)
    if n < 5 or isnan(tau):
        raise ValueError("an interval needs five rows and different values on both sides")
    # A row's pairs are counted twice in the sums, once from either end. Leaving out a row that alone differs leaves
    # no order to measure, which is read as none.
    ties = (left.sum() - 2 * left) * (right.sum() - 2 * right)
    rest = np.divide(both.sum() - 2 * both, np.sqrt(ties), out=np.zeros_like(ties), where=ties > 0)
    jackknife = sqrt((n - 1) / n * float(np.square(rest - rest.mean()).sum()))
    most = 1 - 4 / (n * (n - 1))
    centre = min(max(tau, -most), most)
    half = float(t.ppf(0.975, n - 1)) * max(jackknife / (1 - centre**2), sqrt(0.437 / (n - 4)))
    return min(tanh(atanh(centre) - half), tau), max(tanh(atanh(centre) + half), tau)


def _pairs(a: Sequence[float], b: Sequence[float]) -> tuple[NDArray[np.float64], ...]:
    """For each row, over all others: sums of ``A_ij B_ij``, ``A_ij^2`` and ``B_ij^2``."""
    signs_a = np.sign(np.subtract.outer(np.asarray(a, dtype=np.float64), np.asarray(a, dtype=np.float64)))
    signs_b = np.sign(np.subtract.outer(np.asarray(b, dtype=np.float64), np.asarray(b, dtype=np.float64)))
    return (signs_a * signs_b).sum(axis=1), np.square(signs_a).sum(axis=1), np.square(signs_b).sum(axis=1)


def majority(votes: Sequence[Label]) -> Label | None:
    """What more than half of the people said."""
    (label, count), *_ = Counter(votes).most_common(1)
    return label if 2 * count > len(votes) else None


def agreement(values: Sequence[float | None], votes: Sequence[Sequence[float]], *, seed: int) -> Agreement | str:
    """Agreement of a judge's ``values`` with people's ``votes``, one or more a row; or why there is none.

    Where every vote is 0 or 1: Cohen's kappa of the majority and of "the value is at least 0.5". Otherwise Kendall's
    tau-b with the median vote, since only the order of a grade and of a score can be compared. A value of None is a
    judgement that could not be read.
    """
    binary = all(vote in (0, 1) for row in votes for vote in row)
    truth = [majority(row) if binary else float(median(row)) for row in votes]
    rows = [(v, t) for v, t in zip(values, truth, strict=True) if v is not None and t is not None]
    known, labels = [v for v, _ in rows], [t for _, t in rows]
    if len(rows) < LEAST_ROWS:
        return f"{len(rows)} labelled rows with a readable judgement; at least {LEAST_ROWS} are needed"
    if len(set(labels)) < 2:
        return "people gave every row the same label, so no judge could be told from chance"
    if binary:
        said, truly = [v >= 0.5 for v in known], [t == 1 for t in labels]
        value = cohen_kappa(said, truly)
        low, high = kappa_interval(said, truly, seed=seed)
    else:
        value = kendall_tau(known, labels)
        if isnan(value):
            return "the judge gave every row the same score"
        low, high = tau_interval(known, labels)
    return Agreement(
        statistic="cohen_kappa" if binary else "kendall_tau_b",
        value=value,
        low=min(low, value),
        high=max(high, value),
        n=len(rows),
        unparsable=sum(v is None for v in values),
        undecided=sum(t is None for t in truth),
        human=between_people(votes, binary),
    )


def between_people(votes: Sequence[Sequence[Label]], categories: bool) -> float | None:
    """The mean kappa (Light 1971), or tau-b of grades, over pairs of people, who stand in the same place of every row;
    None where one person labelled, or no pair has a value."""
    found = []
    for i, j in combinations(range(max(map(len, votes), default=0)), 2):
        rows = [(row[i], row[j]) for row in votes if len(row) > j]
        a, b = [left for left, _ in rows], [right for _, right in rows]
        found.append(cohen_kappa(a, b) if categories else kendall_tau([float(x) for x in a], [float(x) for x in b]))  # type: ignore[arg-type]
    known = [value for value in found if not isnan(value)]
    return sum(known) / len(known) if known else None
