"""Latency summary: percentiles of raw request times with exact intervals. Probing is done elsewhere."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eval.results import Interval, Latency
from pipelines.errors import UserError

BEYOND = 5
"""Requests that must lie beyond a percentile before it is reported."""


def reportable(requests: int, q: float) -> bool:
    """Whether at least five of ``requests`` lie beyond the quantile ``q``: n * (1 - q) >= 5."""
    return requests * (1 - q) >= BEYOND - 1e-9


def quantile_interval(seconds: ArrayLike, q: float, confidence: float = 0.95) -> Interval:
    """The quantile ``q`` with the distribution-free interval between two order statistics.

    The number of requests below the true quantile is binomial (n, q), so with ranks l and u its quantiles at both
    tails the interval [X_(l), X_(u + 1)] holds the true one with at least ``confidence`` (Conover 1999, section 3.2).
    Nothing is assumed but that requests are independent. Raises ``ValueError`` where n(1 - q) or n q is below 5.
    """
    from scipy.stats import binom

    ordered = _seconds(seconds)
    n = len(ordered)
    if not (reportable(n, q) and reportable(n, 1 - q)):
        raise ValueError(f"{n} requests are too few for the {q:g} quantile")
    tail = (1 - confidence) / 2
    lower = max(1, int(binom.ppf(tail, n, q)))
    upper = min(n, int(binom.ppf(1 - tail, n, q)) + 1)
    value = float(np.quantile(ordered, q))
    return Interval(value=value, low=min(value, float(ordered[lower - 1])), high=max(value, float(ordered[upper - 1])))


def latency_summary(
    total: ArrayLike,
    *,
    stages: Mapping[str, ArrayLike] | None = None,
    ttft: Sequence[float] | NDArray[np.float64] | None = None,
    cold_start: float | None = None,
    concurrency: int = 1,
    warm: bool = True,
) -> Latency:
    """The ``Latency`` of one configuration from seconds per request.

    ``total`` [n] are whole requests, ``ttft`` [n] times to the first token, ``stages`` seconds by stage [n], reported
    as medians. p95 needs 100 requests and p99 500; p50 needs 10, and ``UserError`` is raised below that.
    """
    seconds = _seconds(total)
    n = len(seconds)
    if not reportable(n, 0.5):
        raise UserError(f"latency needs at least {2 * BEYOND} requests to give a median, not {n}; raise the number")
    for name, values in (stages or {}).items():
        if len(_seconds(values)) != n:
            raise ValueError(f"latency: stage {name} has {len(_seconds(values))} times for {n} requests")
    high = {q: quantile_interval(seconds, q) if reportable(n, q) else None for q in (0.95, 0.99)}
    first = None if ttft is None else _seconds(ttft)
    return Latency(
        concurrency=concurrency,
        warm=warm,
        n=n,
        p50=quantile_interval(seconds, 0.5),
        p95=high[0.95],
        p99=high[0.99],
        ttft_p50=quantile_interval(first, 0.5) if first is not None and reportable(len(first), 0.5) else None,
        cold_start=cold_start,
        stages={name: float(np.median(_seconds(values))) for name, values in (stages or {}).items()},
    )


def _seconds(values: ArrayLike) -> NDArray[np.float64]:
    """Sorted finite times [n]. Raises ``ValueError`` for anything that is no time."""
    array = np.sort(np.asarray(values, dtype=np.float64).ravel())
    if not np.isfinite(array).all() or (array < 0).any():
        raise ValueError("latency: times must be finite and not negative")
    return array
