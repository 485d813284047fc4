"""One configuration's measured quantities as the account that money is reckoned from."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from eval.economics.account import Account
from eval.economics.hosting import Api, Payers, SelfHosted
from eval.economics.terms import Economics
from eval.economics.usage import Usage
from eval.economics.worth import Outcomes
from eval.finance import StaleAccuracy
from eval.measured import Measured
from eval.scores import Scores


def account_of(
    one: Measured, scores: Scores, metric: str, economics: Economics, stale: StaleAccuracy | None = None
) -> Account:
    """What was used and how it ended: machine seconds of a batched run on the declared machine, and storage."""
    correct = scores.values["correct"]
    return Account(
        id=one.id,
        arm=one.arm,
        usage=_usage(one, economics),
        outcomes=Outcomes(correct=correct, abstained=scores.values["abstained"] * (1 - correct)),
        primary=scores.values[metric],
        dev=one.dev_score,
        selected_on_dev=one.selected_on_dev,
        training=one.training,
        stale=stale,
    )


def _usage(one: Measured, economics: Economics) -> Usage:
    machine, utilisation = economics.machine, economics.utilisation
    here = SelfHosted(machine=machine, utilisation=utilisation)
    return Usage(
        hosting=Api(model=one.api, machine=machine, utilisation=utilisation) if one.api else here,
        payers=Payers(
            index_machine=machine,
            train_machine=machine,
            enrichment_api=one.api or None,
            feedback_api=one.one_off.feedback_api or None,
        ),
        index_seconds=one.one_off.index_seconds,
        index_bytes=one.one_off.index_bytes,
        embedding_tokens=one.one_off.embedding_tokens,
        data_generation_seconds=one.one_off.data_generation_seconds,
        feedback_input_tokens=one.one_off.feedback_prompt_tokens,
        feedback_output_tokens=one.one_off.feedback_output_tokens,
        reviewer_minutes=one.one_off.reviewer_minutes,
        train_seconds=one.one_off.train_seconds,
        training_tokens=one.one_off.training_tokens,
        adapter_bytes=one.one_off.adapter_bytes,
        enrichment_input_tokens=one.one_off.enrichment_prompt_tokens,
        enrichment_output_tokens=one.one_off.enrichment_output_tokens,
        machine_seconds=_by_seed(one, "seconds"),
        prompt_tokens=_by_seed(one, "prompt_tokens"),
        output_tokens=_by_seed(one, "output_tokens"),
    )


def _by_seed(one: Measured, field: str) -> NDArray[np.float64]:
    rows: Sequence[Sequence[float]] = [[getattr(a, field) for a in outcome.answers] for outcome in one.outcomes]
    return np.array(rows, dtype=float)
