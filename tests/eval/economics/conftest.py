from collections.abc import Callable, Sequence

import numpy as np
import pytest

from eval.economics.account import Account, Books
from eval.economics.candidate import Candidate
from eval.economics.hosting import Payers, SelfHosted
from eval.economics.prices import PriceBook
from eval.economics.spending import Spending
from eval.economics.sum_interval import NOTHING
from eval.economics.terms import Economics
from eval.economics.usage import Usage
from eval.economics.worth import Outcomes
from eval.finance import StaleAccuracy
from eval.results import Arm, Estimate, Interval, Scenario

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


@pytest.fixture
def book() -> PriceBook:
    """A machine for 3.60 dollars an hour (0.001 a second), storage at 2 dollars a GB, labour at 60 an hour."""
    dated = {"source": "test", "dated": "2026-01-01"}
    return PriceBook.model_validate(
        {
            "name": "test",
            "machines": {"box": {"usd_per_hour": 3.6, **dated}, "big": {"usd_per_hour": 36.0, **dated}},
            "storage": {"usd_per_gb_month": 2.0, **dated},
            "labour": {"usd_per_hour": 60.0, **dated},
            "apis": {"api-model": {"input_usd_per_million": 1.0, "output_usd_per_million": 2.0, **dated}},
        }
    )


@pytest.fixture
def economics() -> Economics:
    """1,000 questions a month over ten months, on the box, which answers half of its time."""
    return Economics(
        machine="box",
        utilisation=0.5,
        questions_per_month=1000,
        horizon_months=10,
        correct_usd=1.0,
        wrong_usd=0.5,
        escalation_usd=0.8,
    )


def _drop(by_weights: float, by_index: float, spread: float) -> StaleAccuracy:
    point = Estimate(mean=0.5, low=0.4, high=0.6, n=20, method="given")
    drops = [
        Interval(value=value, low=value - spread, high=value + spread) if value else NOTHING
        for value in (by_weights, by_index)
    ]
    return StaleAccuracy(
        before=point, refreshed=point, untouched=point, lost_by_weights=drops[0], lost_by_index=drops[1]
    )


@pytest.fixture
def make_account() -> Callable[..., Account]:
    """Makes an account of 100 questions of which the first ``right`` are correct; ``seconds`` of the machine each."""

    def make(
        name: str,
        arm: Arm,
        right: int,
        *,
        seconds: float = 1.0,
        train: float = 0.0,
        index: float = 0.0,
        stale: tuple[float, float] | None = None,
        spread: float = 0.0,
    ) -> Account:
        usage = Usage(
            hosting=SelfHosted(machine="box", utilisation=0.5),
            payers=Payers(index_machine="box", train_machine="box"),
            train_seconds=train,
            index_seconds=index,
            index_bytes=1e9 if index else 0.0,
            machine_seconds=np.full((1, 100), seconds),
        )
        correct = (np.arange(100) < right).astype(float)
        return Account(
            id=name,
            arm=arm,
            usage=usage,
            outcomes=Outcomes(correct, np.zeros(100)),
            primary=correct[None, :],
            dev=right / 100,
            selected_on_dev=True,
            stale=_drop(*stale, spread) if stale else None,
        )

    return make


@pytest.fixture
def make_books() -> Callable[..., Books]:
    """Books of accounts on 100 questions that share nothing."""

    def make(*accounts: Account) -> Books:
        return Books(accounts, np.arange(100), metric="correct", margin=0.03, seed=0)

    return make
