"""The one definition of a mean over clustered questions and several training seeds.

Intervals, tests and detectable differences all start here, so their definitions cannot drift apart.

Notation: question ``i`` of cluster ``g`` has the value ``y_i``, the mean over the seeds. ``S_g`` is the sum of ``y``
over a cluster, ``m_g`` its size, and the mean over questions is the ratio ``sum S_g / sum m_g``.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
FEWEST_CARRIERS = 20
"""A sample whose variance is carried by fewer clusters than this, and than a quarter of them, is near-constant."""

SMALLEST_VARIANCE = 1e-20
"""Less than this between the means of two seeds is rounding."""


@dataclass(frozen=True)
class ClusteredMean:
    """Values of one configuration, or of one paired difference, summed by cluster."""

    sums: Floats
    """Sum of the values in each cluster, shape ``[G]``."""
    sizes: Floats
    """Questions in each cluster, shape ``[G]``."""
    binary: bool
    """Every value is 0 or 1, from one seed, and every question is its own cluster."""
    seed_terms: tuple[tuple[float, int], ...] = ()
    """For each side trained more than once: the variance that training adds to the mean, and its degrees of freedom,
    one less than the number of seeds."""

    @property
    def groups(self) -> int:
        """Number of clusters, ``G``."""
        return len(self.sums)

    @property
    def n(self) -> int:
        """Number of questions."""
        return int(self.sizes.sum())

    @property
    def mean(self) -> float:
        """The mean over questions and seeds."""
        return float(self.sums.sum() / self.sizes.sum())

    @property
    def residuals(self) -> Floats:
        """``S_g - mean * m_g``, shape ``[G]``; they sum to zero."""
        return self.sums - self.mean * self.sizes

    @property
    def question_variance(self) -> float:
        """Variance of the mean that comes from the questions, linearised by cluster:
        ``G / (G - 1) * sum (S_g - mean m_g)^2 / n^2`` (Cochran 1977, section 9A); 0 for a single cluster."""
        if self.groups < 2:
            return 0.0
        return float(self.groups / (self.groups - 1) * np.square(self.residuals).sum() / self.n**2)

    @property
    def variance(self) -> float:
        """Variance of the mean: questions and training seeds."""
        return self.question_variance + sum(part for part, _ in self.seed_terms)

    @property
    def carriers(self) -> float:
        """The effective number of clusters that carry the variance, ``(sum r^2)^2 / sum r^4`` of the residuals ``r``.

        About ``G`` for values spread evenly around their mean, about ``k`` where all but ``k`` clusters are alike,
        and 0 where all are. Its inverse times ``G`` is the kurtosis.
        """
        squares = np.square(self.residuals)
        fourth = float(np.square(squares).sum())
        return float(squares.sum() ** 2 / fourth) if fourth > 1e-30 else 0.0

    def near_constant(self, bounds: tuple[float, float] | None) -> bool:
        """Whether resampling cannot know the tail of the values.

        So it is where few clusters carry the variance (fewer than ``FEWEST_CARRIERS`` and than a quarter of all), or
        where the standard deviation of a cluster's value is below ``reach / sqrt(G)``, with ``reach`` the distance
        from the mean to the farther bound: then one unseen value there would outweigh all that was seen.
        """
        if self.carriers < min(FEWEST_CARRIERS, self.groups / 4):
            return True
        if bounds is None:
            return False
        deviation = float(np.sqrt(self.groups * np.square(self.residuals).sum())) / self.n
        return deviation < max(bounds[1] - self.mean, self.mean - bounds[0]) / self.groups**0.5

    def widen(self, half: ArrayLike, quantile: Callable[[int], ArrayLike]) -> Floats:
        """Half of an interval over questions alone, widened by what training varies (Zou and Donner 2008, MOVER).

        ``quantile`` gives the quantile of Student's t for a number of degrees of freedom, at the level of ``half``.
        Each seed part has the half ``quantile * error``; the parts are independent, so their halves add in
        quadrature. One seed leaves ``half`` as it is. ``half`` and the quantiles may be arrays of one shape.
        """
        squares = [part * np.square(quantile(df)) for part, df in self.seed_terms if part > SMALLEST_VARIANCE]
        return np.asarray(np.sqrt(np.square(half) + sum(squares)) if squares else half, dtype=np.float64)


def seed_matrix(values: ArrayLike) -> Floats:
    """``values`` as ``[seeds, n]``. Raises ``ValueError`` on an empty array or a value that is not finite."""
    matrix = np.atleast_2d(np.asarray(values, dtype=np.float64))
    if matrix.ndim != 2 or matrix.size == 0:
        raise ValueError(f"values must have shape [n] or [seeds, n] and at least one question, not {matrix.shape}")
    if not np.isfinite(matrix).all():
        raise ValueError("values must be finite: leave out the questions a metric does not apply to")
    return matrix


def clustered_mean(values: ArrayLike, clusters: ArrayLike | None = None, *others: ArrayLike) -> ClusteredMean:
    """Sum ``values`` (``[n]`` or ``[seeds, n]``) by cluster; with one array in ``others``, the paired difference
    ``values - other`` on the same questions. ``clusters`` are labels of shape ``[n]``; none means that every question
    stands alone. Raises ``ValueError`` where shapes disagree."""
    sides = [seed_matrix(side) for side in (values, *others)]
    n = sides[0].shape[1]
    if len(sides) > 2 or any(side.shape[1] != n for side in sides):
        raise ValueError("paired values must be on the same questions")
    averaged = sides[0].mean(axis=0) - (sides[1].mean(axis=0) if len(sides) == 2 else 0.0)
    labels = np.arange(n) if clusters is None else np.unique(np.asarray(clusters), return_inverse=True)[1]
    if labels.shape != (n,):
        raise ValueError(f"clusters must have shape [{n}], not {labels.shape}")
    groups = int(labels.max()) + 1
    terms = tuple((_seed_variance(side, labels), len(side) - 1) for side in sides if len(side) > 1)
    single = all(len(side) == 1 for side in sides)
    return ClusteredMean(
        sums=np.bincount(labels, weights=averaged, minlength=groups).astype(np.float64),
        sizes=np.bincount(labels, minlength=groups).astype(np.float64),
        binary=single and groups == n and all(bool(np.isin(side, (0.0, 1.0)).all()) for side in sides),
        seed_terms=terms,
    )


def _seed_variance(values: Floats, labels: NDArray[np.intp]) -> float:
    """What training adds to the variance of the mean of ``values`` ``[seeds, n]``.

    ``var(seed means) / k`` counts the interaction of seed and question, which ``question_variance`` holds already; so
    its share, estimated from the clusters' residuals from both means, is taken off (two-way analysis of variance).
    From two seeds it is not: they tell too little, and the difference would too often come out as nothing.
    """
    k, n = values.shape
    means = values.mean(axis=1, keepdims=True)
    residuals = values - means - (values - means).mean(axis=0)
    by_cluster = np.stack([np.bincount(labels, weights=row) for row in residuals])
    groups = by_cluster.shape[1]
    if groups < 2 or k < 3:
        return float(means.var(ddof=1) / k)
    interaction = np.square(by_cluster).sum() / (k * (k - 1)) * groups / (groups - 1) / n**2
    return float(max(means.var(ddof=1) / k - interaction, 0.0))
