"""A judge in an experiment: its scores stand beside the others with what is known of it, and are not paid for twice."""

import json
from pathlib import Path
from typing import Any

import pytest

import assay
from eval.report.method import how_measured


def reply(text: str) -> str:
    """An answerer and a judge in one: the judge's prompts ask for JSON."""
    if "JSON" not in text:
        return "green"
    if "statements" in text and "verdict" in text:
        statement = {"statement": "It is green.", "reason": "the passage says so", "verdict": 1}
        return json.dumps({"statements": [statement]})
    return json.dumps({"statements": ["It is green."]})


@pytest.fixture
def experiment(small_dataset: Any, fake_model: Any, tmp_path: Path) -> dict[str, Any]:
    fake_model.reply = reply
    return {
        "name": "judged",
        "dataset": small_dataset(tmp_path / "data"),
        "llm": "fake",
        "prompts": [{"name": "plain", "instruction": ""}],
        "latency": {"questions": 0},
        "forgetting": {"questions": 0},
        "judge": {"llm": "fake", "metrics": ["faithfulness"], "repeats": 1},
        "configurations": [{"arm": "closed_book"}, {"arm": "rag", "retriever": "bm25", "depth": 1}],
    }


def run(experiment: dict[str, Any], folder: Path) -> Any:
    return assay.run(experiment, store=folder / "store", runs=folder / "runs", tracking=False, progress=False)


def test_judged_scores_carry_their_judge(experiment: dict[str, Any], tmp_path: Path) -> None:
    results = run(experiment, tmp_path).results
    rag = results.configuration("rag-bm25-k1")
    quality = rag.judged["faithfulness"]
    assert rag.metrics["faithfulness"].mean == 1.0
    assert (quality.judge, quality.unparsable, quality.agreement) == ("fake", 0, None)
    assert "not measured against people" in quality.no_agreement
    assert "judged_metrics" not in results.absent
    shown = dict(how_measured(results))["Judged metrics"]
    assert any("judged by fake" in how and "not measured against people" in how for _, how in shown)


def test_a_judge_whose_replies_cannot_be_read_gives_no_metric(
    experiment: dict[str, Any], fake_model: Any, tmp_path: Path
) -> None:
    fake_model.reply = lambda text: "green"
    results = run(experiment, tmp_path).results
    assert "faithfulness" not in results.configuration("rag-bm25-k1").metrics
    assert "12 of 12 judgements cannot be read" in results.absent["configurations.rag-bm25-k1.faithfulness"]


def test_a_second_run_asks_the_judge_nothing(experiment: dict[str, Any], fake_model: Any, tmp_path: Path) -> None:
    first = run(experiment, tmp_path).results
    fake_model.batches.clear()
    second = run(experiment, tmp_path).results
    assert not fake_model.asked
    assert second.configuration("rag-bm25-k1").metrics == first.configuration("rag-bm25-k1").metrics
