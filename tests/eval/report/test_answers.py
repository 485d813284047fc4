"""The answers inside the page."""

import json

import pandas as pd

from eval.report.answers import BUDGET, embedded_answers
from eval.results import Results


def test_rows_columns_and_lookups_agree_with_the_frame(experiment: tuple[Results, pd.DataFrame]) -> None:
    results, frame = experiment
    data = json.loads(embedded_answers(results, frame))
    rows = data["rows"]
    at = 700
    row = frame.iloc[at]
    assert data["configurations"][rows["configuration"][at]] == row["configuration"]
    assert data["questions"]["id"][rows["question"][at]] == row["question_id"]
    assert rows["answer"][at] == row["answer"]
    assert [data["passages"][place][1] for place in rows["passages"][at]] == row["passages"]
    assert rows["metrics"]["f1"][at] == row["f1"]
    assert data["notice"] == ""


def test_every_passage_stands_once(experiment: tuple[Results, pd.DataFrame]) -> None:
    passages = json.loads(embedded_answers(*experiment))["passages"]
    assert len({tuple(passage) for passage in passages}) == len(passages)


def test_a_metric_that_does_not_apply_is_null(experiment: tuple[Results, pd.DataFrame]) -> None:
    rows = json.loads(embedded_answers(*experiment))["rows"]
    assert rows["metrics"]["recall_at_5"][0] is None


def test_representatives_are_named_by_arm(experiment: tuple[Results, pd.DataFrame]) -> None:
    data = json.loads(embedded_answers(*experiment))
    assert data["configurations"][data["arms"]["lora_rag"]] == "lora-r16+rag-hybrid-k3"


def test_a_small_budget_cuts_texts_then_seeds_then_questions_and_says_so(
    experiment: tuple[Results, pd.DataFrame],
) -> None:
    results, frame = experiment
    whole = len(embedded_answers(results, frame).encode())
    cut = embedded_answers(results, frame, budget=whole - 1000)
    assert len(cut.encode()) <= whole - 1000
    assert "texts are cut to 2,000 characters" in json.loads(cut)["notice"]
    small = json.loads(embedded_answers(results, frame, budget=60_000))
    assert len(small["questions"]["id"]) == 40
    assert small["notice"] == (
        "To keep this file small, texts are cut to 80 characters, only the first seed of each configuration is listed, "
        "40 of 160 questions are listed; everything is in per_question.parquet."
    )


def test_two_thousand_questions_by_twelve_configurations_fit(experiment: tuple[Results, pd.DataFrame]) -> None:
    results, frame = experiment
    one = frame[(frame["configuration"] == "rag-hybrid-k8")]
    many = pd.concat(
        [
            one.assign(
                configuration=f"configuration-{c}",
                question_id=one["question_id"] + f"-{part}",
                passages=[[f"{text} {part}" for text in texts] for texts in one["passages"]],
            )
            for part in range(13)
            for c in range(12)
        ],
        ignore_index=True,
    )
    assert len(many) == 24_960
    assert len(embedded_answers(results, many).encode()) <= BUDGET
