"""One configuration as the money sees it, and its cost at the user's volume."""

from dataclasses import dataclass

import numpy as np

from eval.economics.mean_interval import Array, Clusters, Sides, cost_estimate
from eval.economics.spending import Spending
from eval.economics.sum_interval import NOTHING, added, scaled
from eval.economics.worth import Outcomes, worth_per_question
from eval.results import Interval, Scenario
from eval.statistics.clustered_mean import seed_matrix
from pipelines.errors import UserError


@dataclass(frozen=True, eq=False)
class Candidate:
    """``usd`` are marginal dollars per question and ``outcomes`` how it ended, both [seeds, n] on the same questions
    in the same order for every candidate. ``training`` names the training runs behind the seeds: candidates that
    share it share their adapters seed by seed, and their difference is taken within a seed. ``stale`` is the share of
    answers that are right when fresh and wrong through staleness, the mean over the horizon (``staleness``)."""

    id: str
    spending: Spending
    usd: Array
    outcomes: Outcomes
    training: str = ""
    stale: Interval = NOTHING

    def __post_init__(self) -> None:
        usd, asked = seed_matrix(self.usd), self.outcomes.correct.shape
        if usd.shape not in (asked, (1, asked[1])):
            raise ValueError(f"{self.id}: dollars of shape {usd.shape}, outcomes of shape {asked}")
        object.__setattr__(self, "usd", np.broadcast_to(usd, asked))

    def net_worth(self, scenario: Scenario) -> Array:
        """Worth minus marginal dollars of every question answered fresh, [seeds, n]."""
        worth: Array = worth_per_question(self.outcomes, scenario) - self.usd
        return worth

    def stale_usd(self, scenario: Scenario) -> Interval:
        """What staleness takes from the worth of a question, dollars: a right answer becomes a wrong one."""
        return scaled(self.stale, scenario.correct_usd + scenario.wrong_usd)


def more_stale(a: Candidate, b: Candidate, scenario: Scenario) -> Interval:
    """What staleness takes from ``a`` beyond what it takes from ``b``, dollars a question."""
    return added(a.stale_usd(scenario), scaled(b.stale_usd(scenario), -1.0))


def paired(first: Array, second: Array, a: Candidate, b: Candidate) -> Sides:
    """The sides of the mean of ``first - second``: one difference where seeds are shared, two sides otherwise."""
    if a.training and a.training == b.training and first.shape == second.shape:
        return (first - second,)
    return first, second


def volume(scenario: Scenario) -> float:
    """Questions asked over the horizon. Raises ``UserError`` unless there are any."""
    if scenario.questions_per_month <= 0 or scenario.horizon_months <= 0:
        raise UserError(
            f"scenario: questions_per_month {scenario.questions_per_month:g} and horizon_months "
            f"{scenario.horizon_months:g} must both be above zero"
        )
    return scenario.questions_per_month * scenario.horizon_months


def horizon_cost(candidate: Candidate, scenario: Scenario, clusters: Clusters, *, seed: int = 0) -> Interval:
    """Dollars over the horizon at the user's volume: fixed + volume * mean cost of a question, with its interval."""
    fixed = candidate.spending.fixed_usd(scenario.horizon_months)
    return cost_estimate(candidate.usd, clusters, seed=seed).scaled(volume(scenario), fixed)
