"""Payback: after how many months an investment has earned itself back for good."""

from collections.abc import Sequence


def payback_months(
    monthly_gain: float, one_off: float, events: Sequence[tuple[float, float]], horizon: float
) -> float | None:
    """First month from which the cumulative net stays at or above zero up to the horizon; ``None`` if there is none.

    net(t) = monthly_gain * t - one_off - sum of the events up to t. ``events`` are (month, dollars), positive for
    money spent. The result never rises with ``monthly_gain``, so limits of the gain turn into limits of the months.
    """
    starts, spent = [0.0], [one_off]
    for month, usd in sorted(events):
        starts.append(month)
        spent.append(spent[-1] + usd)
    ends = [*starts[1:], horizon]
    paid: float | None = 0.0
    for start, end, outlay in zip(starts, ends, spent, strict=True):
        if monthly_gain * end < outlay:
            paid = None
        elif monthly_gain * start < outlay:
            paid = outlay / monthly_gain
        elif paid is None:
            paid = start
    return paid
