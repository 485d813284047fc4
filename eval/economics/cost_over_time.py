"""Cumulative dollars: by month, for the chart over time, and by questions, for the break-even chart."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from eval.economics.candidate import Candidate, volume
from eval.economics.mean_interval import Clusters, cost_estimate
from eval.part import Part
from eval.results import Scenario


class CostCurve(Part):
    """Dollars of one configuration at each point of ``at`` (months or questions), with the 95 % interval."""

    configuration: str
    unit: Literal["months", "questions"]
    at: tuple[float, ...]
    usd: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


def cost_by_month(
    candidates: Sequence[Candidate], scenario: Scenario, clusters: Clusters, *, seed: int = 0
) -> tuple[CostCurve, ...]:
    """one-off + hosting * t + repeats before t + questions per month * t * cost of a question, for whole months t from
    0 to the horizon (the horizon itself last, where it is not whole)."""
    months = [float(month) for month in range(int(scenario.horizon_months) + 1)]
    if months[-1] < scenario.horizon_months:
        months.append(scenario.horizon_months)
    asked = [scenario.questions_per_month * month for month in months]
    return tuple(_curve(one, "months", months, months, asked, clusters, seed) for one in candidates)


def cost_by_questions(
    candidates: Sequence[Candidate], scenario: Scenario, clusters: Clusters, *, points: int = 41, seed: int = 0
) -> tuple[CostCurve, ...]:
    """Cost of the whole horizon when N questions are asked in it, for N from 0 to twice the scenario's volume.

    These lines cross where ``break_even`` on cost says: F + N * s with F the fixed cost of the horizon.
    """
    asked = [float(number) for number in np.linspace(0, 2 * volume(scenario), points)]
    months = [scenario.horizon_months] * points
    return tuple(_curve(one, "questions", asked, months, asked, clusters, seed) for one in candidates)


def _curve(
    candidate: Candidate,
    unit: Literal["months", "questions"],
    at: Sequence[float],
    months: Sequence[float],
    asked: Sequence[float],
    clusters: Clusters,
    seed: int,
) -> CostCurve:
    question = cost_estimate(candidate.usd, clusters, seed=seed)
    fixed = np.array([candidate.spending.fixed_usd(month) for month in months])
    lines = [fixed + np.array(asked) * value for value in (question.mean, question.low, question.high)]
    usd, low, high = (tuple(float(value) for value in line) for line in lines)
    return CostCurve(configuration=candidate.id, unit=unit, at=tuple(at), usd=usd, low=low, high=high)
