"""The table behind every number."""

from typing import Any

import numpy as np
import pytest

from eval.evaluator import evaluate
from eval.per_question import COLUMNS


def test_one_row_for_each_configuration_seed_and_question(
    questions: Any, measured: Any, outcome: Any, plan: Any
) -> None:
    seeds = (outcome(("2 years", "x", "x", "x")), outcome(("x", "deep red", "x", "x")))
    table = evaluate(questions, [measured("rag"), measured("lora", outcomes=seeds)], plan).per_question
    assert list(table.columns[: len(COLUMNS)]) == list(COLUMNS)
    assert list(zip(table["configuration"], table["seed"], table["question_id"], strict=True)) == [
        (name, seed, question.id) for name, seed in (("rag", 0), ("lora", 0), ("lora", 1)) for question in questions
    ]
    assert table[table["configuration"] == "lora"]["correct"].tolist() == [1, 0, 0, 0, 0, 1, 0, 0]


def test_row_says_what_was_asked_read_and_answered(questions: Any, measured: Any, plan: Any) -> None:
    row = evaluate(questions, [measured("rag")], plan).per_question.iloc[1]
    assert row[list(COLUMNS)].drop(["usd", "confidence"]).to_dict() == {
        "configuration": "rag",
        "seed": 0,
        "question_id": "colour",
        "question": "Which colour?",
        "expected": ["deep red", "crimson"],
        "track": "facts",
        "kind": "",
        "answerable": True,
        "answer": "deep red",
        "passages": ["text of d1"],
        "passage_ids": ["d1#0"],
        "prompt_tokens": 10,
        "output_tokens": 2,
        "error": "",
        "lost_at": "right",
    }


def test_failed_question_shows_its_error_and_counts_as_wrong(questions: Any, measured: Any, plan: Any) -> None:
    row = evaluate(questions, [measured("closed_book")], plan).per_question.iloc[2]
    assert (row["error"], row["correct"], row["f1"]) == ("too long", 0.0, 0.0)


def test_metric_that_does_not_apply_is_null(questions: Any, measured: Any, plan: Any) -> None:
    table = evaluate(questions, [measured("closed_book"), measured("rag")], plan).per_question
    assert table["recall_at_1"].isna().tolist() == [True] * 4 + [False, False, False, True]
    assert table["numeric_match"].isna().tolist() == [False, True, True, True] * 2


def test_dollars_are_machine_seconds_at_the_declared_utilisation(questions: Any, measured: Any, plan: Any) -> None:
    table = evaluate(questions, [measured("closed_book"), measured("rag")], plan).per_question
    second = 0.0816 / 3600 / 0.5
    np.testing.assert_allclose(table["usd"], [second] * 4 + [2 * second] * 4)  # rag searched for a second more


def test_means_of_the_table_are_the_results(questions: Any, measured: Any, plan: Any) -> None:
    found = evaluate(questions, [measured("closed_book"), measured("rag")], plan)
    for one in found.configurations:
        mine = found.per_question[found.per_question["configuration"] == one.id]
        for metric, estimate in one.metrics.items():
            assert mine[metric].mean() == pytest.approx(estimate.mean), (one.id, metric)
