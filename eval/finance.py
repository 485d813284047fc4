"""The parts of the results that carry the decision about money: staleness, sensitivity and the decision map."""

from typing import Literal

from eval.part import Estimate, Interval, Part

Factor = Literal["price", "volume", "cadence", "churn", "accuracy", "value", "harm"]


class StaleAccuracy(Part):
    """How one configuration answers the questions whose facts changed, as shares of correct answers.

    ``before`` is the day before the change. ``refreshed`` is the day after it: the index made again, the weights as
    they were. ``untouched`` is the day after with neither made again: the answers of the day before, held against the
    new facts. ``lost_by_weights`` is before - refreshed, ``lost_by_index`` refreshed - untouched, paired by question.
    """

    before: Estimate
    refreshed: Estimate
    untouched: Estimate
    lost_by_weights: Interval
    lost_by_index: Interval


class Staleness(Part):
    """What answers lose when facts change, measured by changing ``facts`` of them and asking the ``questions`` of test
    whose answer changed again; by id of each arm's representative."""

    facts: int
    questions: int
    configurations: dict[str, StaleAccuracy]


class Swing(Part):
    """One bar of a tornado. ``net_low`` and ``net_high`` are net dollars over the horizon at the factor's low and high
    setting; ``flips`` says whether one of them changes the sign of the net."""

    factor: Factor
    low: str
    high: str
    net_base: float
    net_low: float
    net_high: float
    flips: bool


class Tornado(Part):
    """The net value of ``a`` over ``b`` with one factor moved at a time, the largest effect first. ``b`` is the status
    quo, or the runner-up where ``a`` is the status quo itself."""

    a: str
    b: str
    swings: tuple[Swing, ...]


class MapCell(Part):
    """The winner at one volume and churn, with its best cadence, and how far it is ahead of ``second``.

    ``net_usd`` is what it is worth over the horizon less what it costs, ``over_status_quo_usd`` the same less that of
    the status quo, which may be below zero; ``lead_usd`` is by how much it exceeds ``second`` with the cadence best for
    that one; ``shown`` says whether the whole interval lies above zero.
    """

    questions_per_month: float
    churn_per_month: float
    best: str
    retrain_months: float | None = None
    reindex_months: float | None = None
    net_usd: float
    over_status_quo_usd: float
    second: str | None = None
    lead_usd: Interval | None = None
    shown: bool = False


class DecisionMap(Part):
    """Which configuration wins where; rows of ``cells`` are churns, columns volumes, both ascending."""

    questions_per_month: tuple[float, ...]
    churn_per_month: tuple[float, ...]
    cadences: tuple[float | None, ...]
    cells: tuple[tuple[MapCell, ...], ...]
