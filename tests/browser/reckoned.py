"""The simulated experiment with all its money reckoned by ``eval.economics``, and the books it was reckoned from."""

import numpy as np
import pandas as pd

from eval.economics.account import Account, Books
from eval.economics.hosting import Payers, SelfHosted
from eval.economics.prices import PriceBook
from eval.economics.reckoning import reckon
from eval.economics.statement import decision
from eval.economics.terms import Economics
from eval.economics.usage import Usage
from eval.economics.worth import Outcomes
from eval.finance import StaleAccuracy, Staleness
from eval.results import NEEDS_GOLD, Estimate, Interval, Results

PRICE = {"source": "test", "dated": "2026-01-01"}
BOOK = PriceBook.model_validate(
    {
        "name": "test",
        "machines": {"box": {"usd_per_hour": 3.6, **PRICE}},
        "storage": {"usd_per_gb_month": 2.0, **PRICE},
        "labour": {"usd_per_hour": 60.0, **PRICE},
        "apis": {},
    }
)
DECLARED = Economics(
    machine="box",
    utilisation=0.5,
    questions_per_month=30_000,
    horizon_months=18,
    correct_usd=0.4,
    wrong_usd=0.2,
    escalation_usd=0.3,
    churn_per_month=0.03,
    retrain_months=6,
    reindex_months=2,
)
# Dollars of training, seconds of an answer, shares lost by old weights and by an old index when a fact changes.
MEASURED = {
    "closed_book": (0.0, 0.4, 0.02, 0.0),
    "rag": (0.0, 2.0, 0.03, 0.5),
    "lora": (900.0, 0.3, 0.4, 0.0),
    "lora_rag": (1100.0, 2.2, 0.1, 0.45),
}


def drop(by_weights: float, by_index: float) -> StaleAccuracy:
    """Shares lost, each known to a tenth; what is nothing is known to be nothing."""
    lost = [Interval(value=x, low=x - 0.1 * bool(x), high=x + 0.1 * bool(x)) for x in (by_weights, by_index)]
    shares = (0.6, 0.6 - by_weights, 0.6 - by_weights - by_index)
    points = [Estimate(mean=x, low=max(0, x - 0.1), high=x + 0.1, n=40, method="given") for x in shares]
    return StaleAccuracy(
        before=points[0], refreshed=points[1], untouched=points[2], lost_by_weights=lost[0], lost_by_index=lost[1]
    )


def books_of(results: Results, frame: pd.DataFrame) -> Books:
    """The accounts of the simulated experiment, priced by ``BOOK``; two questions in a row share a document."""
    accounts, random = [], np.random.default_rng(3)
    for one in results.configurations:
        rows = frame[frame["configuration"] == one.id]

        def values(name: str, rows: pd.DataFrame = rows) -> np.ndarray:
            wide = rows.pivot(index="seed", columns="question_id", values=name).fillna(0.0)
            return wide.to_numpy(dtype=float)

        correct = values("correct")
        train, seconds, by_weights, by_index = MEASURED[
            one.arm.replace("lora_gold_context", "lora").replace("gold_context", "rag")
        ]
        usage = Usage(
            hosting=SelfHosted(machine="box", utilisation=0.5),
            payers=Payers(index_machine="box", train_machine="box"),
            train_seconds=train * 1000,
            index_seconds=40_000.0 if one.arm in ("rag", "lora_rag") else 0.0,
            index_bytes=3e9 if one.arm in ("rag", "lora_rag") else 0.0,
            machine_seconds=seconds * random.uniform(0.5, 1.5, correct.shape),
        )
        accounts.append(
            Account(
                id=one.id,
                arm=one.arm,
                usage=usage,
                outcomes=Outcomes(correct, values("abstained") * (1 - correct)),
                primary=values("f1"),
                dev=one.metrics["f1"].mean,
                selected_on_dev=one.selected_on_dev,
                stale=None if one.arm in NEEDS_GOLD else drop(by_weights, by_index),
            )
        )
    clusters = np.arange(correct.shape[1]) // 2
    return Books(tuple(accounts), clusters, metric="f1", margin=0.03, seed=0)


def with_money(results: Results, books: Books, economics: Economics) -> Results:
    """The results with all their money reckoned from ``books``."""
    found = reckon(books, economics, BOOK, results.comparisons)
    tornado, drawn = decision(books, economics, BOOK, found)
    known = {one.id: one.stale for one in books.contenders if one.stale}
    return results.model_copy(
        update={
            "scenario": found.scenario,
            "configurations": tuple(
                one.model_copy(update={"cost": found.costs[one.id], "roi": found.returns[one.id]})
                for one in results.configurations
            ),
            "break_even": found.break_even,
            "pareto": found.pareto,
            "recommendation": found.recommendation,
            "staleness": Staleness(facts=60, questions=40, configurations=known),
            "tornado": tornado,
            "decision_map": drawn,
            "absent": {f"configurations.{name}": reason for name, reason in found.absent.items()},
        }
    )
