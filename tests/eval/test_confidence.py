"""What a confidence is worth: by hand on the four questions of conftest, and against draws of a known truth."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from eval.confidence import confidence_quality
from eval.evaluator import evaluate
from eval.metrics.confidence import auroc
from eval.results import ConfidenceQuality
from eval.scores import Scores, score_configuration
from pipelines.flows import Outcome


def with_confidence(measured: Any, name: str, *given: float | None) -> Any:
    one = measured(name)
    (outcome,) = one.outcomes
    answers = tuple(replace(a, confidence=value) for a, value in zip(outcome.answers, given, strict=True))
    return measured(name, outcomes=(Outcome(outcome.contexts, answers),))


def quality(questions: Any, one: Any) -> ConfidenceQuality | None:
    return confidence_quality(one, score_configuration(questions, one), np.arange(4), 0)


def test_by_hand(measured: Any, questions: Any) -> None:
    # rag is wrong, right, right, wrong. Of the four pairs of a right and a wrong one three are in order.
    found = quality(questions, with_confidence(measured, "rag", 0.7, 0.9, 0.6, 0.1))
    assert found is not None
    assert found.auroc.mean == 0.75
    assert found.auroc.low <= 0.75 <= found.auroc.high
    assert found.auroc.n == 4
    # every answer in a bin of its own: |0.7 - 0|, |0.9 - 1|, |0.6 - 1|, |0.1 - 0|
    assert found.calibration_error == pytest.approx((0.7 + 0.1 + 0.4 + 0.1) / 4)
    # by falling confidence right, wrong, right, wrong: shares of wrong ones 0, 1/2, 1/3, 1/2
    assert found.risk_coverage_area == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    assert found.correct_of_surest_half == 0.5


def test_a_failed_answer_is_not_sure(measured: Any, questions: Any) -> None:
    # closed_book is right, wrong, failed, right; what the failed one carries does not count.
    found = quality(questions, with_confidence(measured, "closed_book", 0.9, 0.4, None, 0.8))
    assert found is not None
    assert found.auroc.mean == 1.0
    assert found.calibration_error == pytest.approx((0.1 + 0.4 + 0.0 + 0.2) / 4)


def test_right_answers_alone_have_no_order(measured: Any, questions: Any) -> None:
    found = quality(questions, with_confidence(measured, "gold_context", 0.9, 0.8, 0.7, 0.6))
    assert found is not None
    assert found.auroc is None
    assert found.risk_coverage_area == 0


def test_without_a_confidence_there_is_nothing_to_judge(measured: Any, questions: Any) -> None:
    assert quality(questions, measured("rag")) is None
    assert quality(questions, with_confidence(measured, "rag", 0.7, None, 0.6, 0.1)) is None


def test_it_stands_in_the_results_and_the_table(measured: Any, questions: Any, plan: Any) -> None:
    sure = with_confidence(measured, "rag", 0.7, 0.9, 0.6, 0.1)
    found = evaluate(questions, [measured("closed_book"), sure], plan)
    closed, rag = found.configurations
    assert closed.confidence is None
    assert rag.confidence is not None
    table = found.per_question.set_index("configuration").confidence
    assert table["rag"].tolist() == [0.7, 0.9, 0.6, 0.1]
    assert table["closed_book"].isna().all()


def test_the_interval_holds_the_truth(measured: Any) -> None:
    """Confidence is normal, one standard deviation higher for right answers: the AUROC is Phi(1 / sqrt 2) = 0.760."""
    rng, held, draws = np.random.default_rng(4), 0, 120
    template = measured("rag")
    for number in range(draws):
        right = rng.random(80) < 0.5
        given = rng.normal(right.astype(float), 1)
        answers = tuple(replace(template.outcomes[0].answers[0], confidence=float(value)) for value in given)
        one = measured("rag", outcomes=(Outcome(template.outcomes[0].contexts * 20, answers),))
        scores = Scores({"correct": right.astype(float)[None]}, {"correct": np.ones(80, bool)})
        found = confidence_quality(one, scores, np.arange(80), number)
        assert found is not None
        assert found.auroc.mean == auroc(given.tolist(), right.tolist())
        held += found.auroc.low <= 0.7602 <= found.auroc.high
    assert held / draws > 0.88
