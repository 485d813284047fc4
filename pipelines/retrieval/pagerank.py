"""Personalised PageRank (Haveliwala 2002) on a sparse matrix, many queries at once."""

from math import ceil, log
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

_LEFT = 1e-6
"""Steps are taken until so much of the mass has not yet settled; their number depends on the damping alone, so that a
query's result does not depend on its batch."""


def transitions(weights: Any) -> Any:
    """Column-stochastic form of a symmetric sparse weight matrix: column j says where a walk at node j goes on to.
    Nodes without edges keep a column of zeros."""
    import numpy as np
    from scipy import sparse

    sums = np.asarray(weights.sum(axis=0)).ravel()
    scale = np.divide(1.0, sums, out=np.zeros_like(sums), where=sums > 0)
    return (weights @ sparse.diags_array(scale)).tocsr()


def personalised_pagerank(moves: Any, reset: "NDArray[float64]", damping: float) -> "NDArray[float64]":
    """Mass of each node, shape (nodes, queries), by power iteration.

    p = (1 - damping) x reset + damping x moves p. ``moves`` is column-stochastic, shape (nodes, nodes); ``reset`` has
    a distribution in each column. Mass that reaches a node without edges is lost, which changes no order among the
    others.
    """
    mass = reset
    for _ in range(ceil(log(_LEFT) / log(damping))):
        mass = (1 - damping) * reset + damping * (moves @ mass)
    return mass
