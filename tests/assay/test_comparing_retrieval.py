"""Retrieval compared without answers: values by hand, baselines, files, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

import assay
from assay.retrieval_results import load_comparison
from assay.retrieval_table import cells_of
from pipelines.errors import UserError


@pytest.fixture
def experiment(small_dataset: Any, fake_model: Any, tmp_path: Path) -> dict[str, Any]:
    return {
        "name": "search",
        "dataset": small_dataset(tmp_path / "data"),
        "llm": "fake",
        "chunker": "whole_document",
        "configurations": [
            {"arm": "closed_book"},
            {"id": "bm25", "arm": "rag", "retriever": "bm25", "depth": 1},
            {"id": "untitled", "arm": "rag", "retriever": "bm25", "depth": 1, "enrichment": []},
            {"id": "top", "arm": "rag", "retriever": "bm25", "depth": 3, "post": [{"kind": "top", "number": 1}]},
        ],
    }


def retrieve(experiment: dict[str, Any], folder: Path, **options: Any) -> Any:
    return assay.retrieve(experiment, store=folder / "store", runs=folder / "runs", progress=False, **options)


def test_what_is_found_is_scored_and_no_answer_is_asked(
    experiment: dict[str, Any], fake_model: Any, tmp_path: Path
) -> None:
    result = retrieve(experiment, tmp_path)
    bm25, untitled, top = result.rows
    # Every question with gold names its pump, and only one document does.
    assert (bm25.metrics["ndcg_at_10"].mean, bm25.metrics["gold_in_context"].mean) == (1.0, 1.0)
    assert (result.documents, result.questions) == (8, bm25.metrics["ndcg_at_10"].n)
    assert bm25.context_tokens == top.context_tokens  # a fake model counts words; one document each
    assert not fake_model.asked
    # The title stands in the text as well, and what is cut after the search changes no ranking.
    assert [row.ranks_as for row in result.rows] == ["", "bm25", "bm25"]
    assert result.comparisons == ()
    assert untitled.dev == 1.0


def test_files_hold_what_was_returned(experiment: dict[str, Any], tmp_path: Path) -> None:
    result = retrieve(experiment, tmp_path, against=["untitled", "bm25"])
    folder = tmp_path / "runs/search"
    assert load_comparison(folder / "retrieval.json") == result
    table = (folder / "retrieval.md").read_text(encoding="utf-8")
    assert table.count("\n") == 5
    assert cells_of(result)[0][-2:] == ["against untitled", "against bm25"]
    assert [(one.a, one.b, one.delta, one.verdict) for one in result.comparisons] == [
        ("bm25", "untitled", 0.0, "undecided"),
        ("untitled", "bm25", 0.0, "undecided"),
    ]
    assert cells_of(result)[3][-1] == "ranks as bm25"


def test_what_dev_chose_is_said(experiment: dict[str, Any], tmp_path: Path) -> None:
    hybrid = {"kind": "hybrid", "parts": ["bm25", "bm25"], "fusion": "convex", "weights": "dev"}
    experiment["configurations"] = [{"id": "both", "arm": "rag", "retriever": hybrid}]
    (row,) = retrieve(experiment, tmp_path).rows
    assert row.learnt["weight"] == 0.5
    assert row.learnt["dev_ndcg_at_10"] == row.dev == 1.0
    table = (tmp_path / "runs/search/retrieval.md").read_text(encoding="utf-8")
    assert table.endswith("\n- both learnt: dev ndcg@10 1, dev questions 2, weight 0.5\n")


def test_unknown_baseline_and_experiments_without_retrieval_are_refused(
    experiment: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="--against bm52: no such configuration; did you mean 'bm25'"):
        retrieve(experiment, tmp_path, against=["bm52"])
    with pytest.raises(UserError, match="no configuration retrieves anything"):
        retrieve({**experiment, "configurations": [{"arm": "closed_book"}]}, tmp_path)
