from collections.abc import Callable, Sequence

import numpy as np
import pytest

from eval.economics.candidate import Candidate
from eval.economics.spending import Spending
from eval.economics.worth import Outcomes
from eval.results import Scenario

MakeCandidate = Callable[..., Candidate]


@pytest.fixture
def scenario() -> Scenario:
    return Scenario(
        questions_per_month=1000,
        horizon_months=10,
        correct_usd=1.0,
        wrong_usd=0.5,
        escalation_usd=0.8,
        status_quo="no_system",
        price_book="test",
        prices_dated="2026-01-01",
    )


@pytest.fixture
def make_candidate() -> MakeCandidate:
    def make(
        name: str,
        fixed: float,
        usd: float | Sequence[float],
        correct: Sequence[float],
        abstained: Sequence[float] | None = None,
        **more: object,
    ) -> Candidate:
        dollars = np.broadcast_to(np.asarray(usd, dtype=float), (len(correct),))
        outcomes = Outcomes(np.asarray(correct), np.asarray(abstained if abstained is not None else 0 * dollars))
        return Candidate(name, Spending(fixed, 0.0, float(dollars.mean())), dollars, outcomes, **more)

    return make
