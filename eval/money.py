"""One configuration's measured quantities as money."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.economics.candidate import Candidate
from eval.economics.hosting import Api, Payers, SelfHosted
from eval.economics.ledger import cost, usd_per_question
from eval.economics.per_correct import cost_per_correct
from eval.economics.prices import PriceBook
from eval.economics.spending import spending
from eval.economics.usage import Usage
from eval.economics.worth import Outcomes
from eval.measured import Measured
from eval.results import Cost, Scenario
from eval.scores import Scores


@dataclass(frozen=True)
class Money:
    """``usd`` are marginal dollars, ``[seeds, questions]``; ``no_cost_per_correct`` says why there is none."""

    candidate: Candidate
    cost: Cost
    usd: NDArray[np.float64]
    no_cost_per_correct: str


def spend(
    one: Measured,
    scores: Scores,
    clusters: NDArray[np.intp],
    scenario: Scenario,
    prices: PriceBook,
    machine: str,
    utilisation: float,
) -> Money:
    """Price what a configuration used: machine seconds of a batched run at the declared utilisation, and storage."""
    here = SelfHosted(machine=machine, utilisation=utilisation)
    used = Usage(
        hosting=Api(model=one.api, machine=machine, utilisation=utilisation) if one.api else here,
        payers=Payers(index_machine=machine, train_machine=machine, enrichment_api=one.api or None),
        index_seconds=one.one_off.index_seconds,
        index_bytes=one.one_off.index_bytes,
        embedding_tokens=one.one_off.embedding_tokens,
        train_seconds=one.one_off.train_seconds,
        training_tokens=one.one_off.training_tokens,
        adapter_bytes=one.one_off.adapter_bytes,
        enrichment_input_tokens=one.one_off.enrichment_prompt_tokens,
        enrichment_output_tokens=one.one_off.enrichment_output_tokens,
        machine_seconds=_by_seed(one, "seconds"),
        prompt_tokens=_by_seed(one, "prompt_tokens"),
        output_tokens=_by_seed(one, "output_tokens"),
    )
    price = cost(used, prices, clusters)
    usd = usd_per_question(used, prices)
    outcomes = Outcomes(
        correct=scores.values["correct"], abstained=scores.values["abstained"] * (1 - scores.values["correct"])
    )
    candidate = Candidate(one.id, spending(price), usd, outcomes, training=one.training)
    per_correct, reason = cost_per_correct(candidate, scenario, clusters)
    return Money(candidate, price.model_copy(update={"per_correct_usd": per_correct}), usd, reason)


def _by_seed(one: Measured, field: str) -> NDArray[np.float64]:
    rows: Sequence[Sequence[float]] = [[getattr(a, field) for a in outcome.answers] for outcome in one.outcomes]
    return np.array(rows, dtype=float)
