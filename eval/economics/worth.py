"""What answers are worth: per-question outcomes and the declared dollars of being right, wrong and silent."""

from dataclasses import dataclass

import numpy as np

from eval.economics.mean_interval import Array
from eval.results import Scenario
from eval.statistics.clustered_mean import seed_matrix


@dataclass(frozen=True, eq=False)
class Outcomes:
    """How every question ended, each array [seeds, n] of 0 or 1, adding up to 1 for every question.

    ``correct`` follows the declared rule for a right answer; a rightful refusal of an unanswerable question is
    correct. ``abstained`` is a refusal that was not correct: the question goes to a person. Everything else, failed
    calls included, is wrong.
    """

    correct: Array
    abstained: Array

    def __post_init__(self) -> None:
        for name in ("correct", "abstained"):
            array = seed_matrix(getattr(self, name))
            if not np.isin(array, (0.0, 1.0)).all():
                raise ValueError(f"outcomes: {name} holds values other than 0 and 1")
            object.__setattr__(self, name, array)
        if self.correct.shape != self.abstained.shape:
            raise ValueError(f"outcomes: shapes {self.correct.shape} and {self.abstained.shape} differ")
        if (self.correct * self.abstained).any():
            raise ValueError("outcomes: a question is both correct and abstained; a correct refusal is correct alone")

    @property
    def wrong(self) -> Array:
        """Neither correct nor abstained."""
        return 1.0 - self.correct - self.abstained


def worth_per_question(outcomes: Outcomes, scenario: Scenario) -> Array:
    """correct * value - wrong * harm + abstained * (value - escalation cost), dollars, [seeds, n]."""
    escalated = scenario.correct_usd - scenario.escalation_usd
    return (
        outcomes.correct * scenario.correct_usd - outcomes.wrong * scenario.wrong_usd + outcomes.abstained * escalated
    )


def worth_extremes(scenario: Scenario, *outcomes: Outcomes) -> tuple[float, float]:
    """Least and most that one question can be worth, over the outcomes that these systems can have: right and wrong
    always, abstaining where one of them ever did."""
    possible = [scenario.correct_usd, -scenario.wrong_usd]
    if any(one.abstained.any() for one in outcomes):
        possible.append(scenario.correct_usd - scenario.escalation_usd)
    return min(possible), max(possible)
