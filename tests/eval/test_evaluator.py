"""The evaluator on four questions, by hand (the table of answers stands in conftest)."""

import json
import math
from typing import Any

import pytest

from eval.evaluator import Evaluation, evaluate
from pipelines.errors import UserError


@pytest.fixture
def found(questions: Any, measured: Any, plan: Any) -> Evaluation:
    return evaluate(questions, [measured(name) for name in ("closed_book", "rag", "gold_context")], plan)


def test_means_over_all_questions(found: Evaluation) -> None:
    closed, rag, gold = found.configurations
    assert [one.metrics["correct"].mean for one in (closed, rag, gold)] == [0.5, 0.5, 1.0]
    assert closed.metrics["f1"].mean == pytest.approx((1 + 2 / 3 + 0 + 1) / 4)
    assert rag.metrics["f1"].mean == pytest.approx((1 / 2 + 1 + 1 + 0) / 4)
    assert rag.metrics["recall_at_1"].mean == pytest.approx(1 / 3)
    assert rag.metrics["recall_at_1"].n == 3


def test_means_by_track(found: Evaluation) -> None:
    closed, rag, _ = found.configurations
    assert set(closed.tracks) == {"facts", "places"}
    assert (closed.tracks["facts"]["correct"].mean, closed.tracks["places"]["correct"].mean) == (0.5, 0.5)
    assert rag.tracks["places"]["f1"].mean == 0.5
    assert rag.tracks["places"]["f1"].n == 2
    assert "numeric_match" in rag.tracks["facts"]
    assert "numeric_match" not in rag.tracks["places"]


def test_interval_holds_its_mean_and_stays_in_bounds(found: Evaluation) -> None:
    for one in found.configurations:
        for estimate in one.metrics.values():
            assert 0 <= estimate.low <= estimate.mean <= estimate.high <= 1


def test_what_was_not_measured_is_absent_and_never_nan(found: Evaluation) -> None:
    closed, _, _ = found.configurations
    assert "recall_at_1" not in closed.metrics
    assert "similarity" not in closed.metrics

    def numbers(part: Any) -> list[float]:
        if isinstance(part, dict):
            return [number for value in part.values() for number in numbers(value)]
        if isinstance(part, list):
            return [number for value in part for number in numbers(value)]
        return [part] if isinstance(part, float) else []

    dumped = [json.loads(part.model_dump_json()) for part in (*found.configurations, *found.comparisons)]
    assert numbers(dumped)
    assert all(math.isfinite(number) for number in numbers(dumped))


def test_failed_answers_are_counted(found: Evaluation) -> None:
    assert [one.errors for one in found.configurations] == [1, 0, 0]


def test_tokens_are_means_per_question(found: Evaluation) -> None:
    closed, rag, _ = found.configurations
    assert (closed.tokens.input_mean, closed.tokens.output_mean) == (10, 1.5)  # the failed one wrote nothing
    assert rag.tokens.output_mean == 2


def test_cost_is_seconds_times_price(found: Evaluation) -> None:
    closed, rag, _ = found.configurations
    assert closed.cost.per_1k_questions_usd.value == pytest.approx(1000 * 0.0816 / 3600 / 0.5)
    assert rag.cost.per_1k_questions_usd.value == pytest.approx(2 * 1000 * 0.0816 / 3600 / 0.5)
    assert (closed.cost.index_usd, closed.cost.train_usd) == (0, 0)
    assert rag.cost.index_usd == pytest.approx(0.0816)  # an hour of indexing; the utilisation is of serving


def test_default_family_is_each_arm_against_rag_and_closed_book(found: Evaluation) -> None:
    assert [(one.a, one.b) for one in found.comparisons] == [
        ("closed_book", "rag"),
        ("gold_context", "rag"),
        ("gold_context", "closed_book"),
    ]
    assert found.comparisons[0].delta == pytest.approx((1 + 2 / 3 + 0 + 1) / 4 - (1 / 2 + 1 + 1 + 0) / 4)
    assert {one.metric for one in found.comparisons} == {"f1"}
    assert all(one.p_adjusted >= one.p for one in found.comparisons)


def test_gold_arms_are_compared_but_never_recommended(
    found: Evaluation, questions: Any, measured: Any, plan: Any
) -> None:
    assert found.reckoning.recommendation.id != "gold_context"
    assert "gold_context" not in found.reckoning.pareto
    assert all("gold_context" not in (one.a, one.b) for one in found.reckoning.break_even)
    assert [{one.a, one.b} for one in found.reckoning.break_even] == [{"closed_book", "rag"}]
    every = [measured(name) for name in ("closed_book", "rag", "gold_context")]
    tuned = evaluate(questions, [*every, measured("lora_gold_context")], plan)
    assert not {"gold_context", "lora_gold_context"} & {*tuned.reckoning.pareto, tuned.reckoning.recommendation.id}
    with pytest.raises(UserError, match="all of them need the gold passages"):
        evaluate(questions, [measured("gold_context")], plan)


def test_front_holds_what_nothing_beats_on_accuracy_and_cost(questions: Any, measured: Any, plan: Any) -> None:
    # closed_book has the better f1 (0.667 against 0.625) and costs less, so rag is beaten on both.
    assert evaluate(questions, [measured("rag"), measured("closed_book")], plan).reckoning.pareto == ("closed_book",)


def test_seeds_are_averaged(questions: Any, measured: Any, outcome: Any, plan: Any) -> None:
    seeds = (outcome(("2 years", "x", "x", "x")), outcome(("2 years", "deep red", "x", "x")))
    (tuned,) = evaluate(questions, [measured("lora", outcomes=seeds)], plan).configurations
    assert tuned.seeds == 2
    assert tuned.metrics["correct"].mean == pytest.approx(0.375)
    assert tuned.metrics["correct"].n == 4


def test_only_representatives_enter_the_family(questions: Any, measured: Any, plan: Any) -> None:
    other = measured("rag-other", "rag", selected_on_dev=False)
    found = evaluate(questions, [measured("closed_book"), other, measured("rag")], plan)
    assert [(one.a, one.b) for one in found.comparisons] == [("closed_book", "rag")]
    assert len(found.configurations) == 3


def test_same_measurements_give_the_same_evaluation(questions: Any, measured: Any, plan: Any) -> None:
    every = [measured(name) for name in ("closed_book", "rag", "gold_context")]
    one, other = evaluate(questions, every, plan), evaluate(questions, every, plan)
    assert one.configurations == other.configurations
    assert one.comparisons == other.comparisons
    assert one.reckoning.break_even == other.reckoning.break_even


def test_small_samples_are_drawn_only_where_there_are_more_questions(found: Evaluation) -> None:
    assert found.small_sample is None
