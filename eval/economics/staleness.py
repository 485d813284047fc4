"""What facts that change cost in right answers, between one retraining or re-indexing and the next.

A share c of the facts changes in a month, so t months after the last refresh the share that has changed is

    share_stale(t) = 1 - (1 - c)^t,   accuracy(t) = fresh accuracy - share_stale(t) * measured drop

The drop is measured by changing facts and asking again (``eval.finance.StaleAccuracy``). It has two parts, for weights
and index are refreshed at different times; each is taken at the age of its own, and they are added. A refresh brings
back the fresh accuracy. What is never refreshed ages over the whole horizon.
"""

from math import log

from eval.economics.sum_interval import NOTHING, added, scaled
from eval.finance import StaleAccuracy
from eval.results import Interval


def share_stale(months: float, churn: float) -> float:
    """The share of facts that have changed ``months`` after the last refresh: 1 - (1 - churn)^months."""
    return 1 - (1 - churn) ** months if months > 0 else 0.0


def mean_share_stale(churn: float, cadence: float | None, horizon: float) -> float:
    """The mean of ``share_stale`` over ``horizon`` months, with a refresh at every full multiple of ``cadence``; the
    last stretch may be shorter. ``None``: never refreshed."""
    cycle = horizon if cadence is None else min(cadence, horizon)
    whole = int(horizon / cycle + 1e-9)
    rest = max(0.0, horizon - whole * cycle)
    return (whole * _area(churn, cycle) + _area(churn, rest)) / horizon


def _area(churn: float, months: float) -> float:
    """The integral of ``share_stale`` from 0 to ``months``: months - (1 - (1 - c)^months) / -ln(1 - c)."""
    if churn in (0.0, 1.0):
        return churn * months
    return months - share_stale(months, churn) / -log(1 - churn)


def stale_share(
    measured: StaleAccuracy,
    churn: float,
    horizon: float,
    *,
    retrain_months: float | None = None,
    reindex_months: float | None = None,
) -> Interval:
    """Share of answers that staleness turns from right to wrong, the mean over the horizon.

    The intervals are those of the measured drops; churn is declared. The two drops come from the same questions and
    are combined as if they were independent.
    """
    if churn == 0:
        return NOTHING
    by_weights = scaled(measured.lost_by_weights, mean_share_stale(churn, retrain_months, horizon))
    by_index = scaled(measured.lost_by_index, mean_share_stale(churn, reindex_months, horizon))
    return added(by_weights, by_index)
