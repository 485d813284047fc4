"""Accuracy against corpus size."""

from pathlib import Path
from typing import Any

import pytest

from assay.loading import parse_experiment
from assay.sizing import cells_of, size_curve
from pipelines.errors import UserError


@pytest.fixture
def experiment(small_dataset: Any, fake_model: Any, tmp_path: Path) -> dict[str, Any]:
    return {
        "name": "sizes",
        "dataset": small_dataset(tmp_path / "data"),
        "sample": {"test": 10, "train": 2, "dev": 2},
        "llm": "fake",
        "prompts": [{"name": "plain", "instruction": ""}],
        "latency": {"questions": 0},
        "forgetting": {"questions": 0},
        "configurations": [{"arm": "closed_book"}, {"arm": "rag", "retriever": "bm25", "depth": 1}],
    }


def test_retrieval_is_asked_at_every_size_and_the_rest_once(experiment: dict[str, Any], tmp_path: Path) -> None:
    folders = {"store": tmp_path / "store", "runs": tmp_path / "runs"}
    points = size_curve(parse_experiment(experiment), [8, 7], tracking=False, **folders)
    assert [(point.id, point.documents) for point in points] == [
        ("closed_book", 7),
        ("rag-bm25-k1", 7),
        ("rag-bm25-k1", 8),
    ]
    assert [point.recall is None for point in points] == [True, False, False]
    page = (tmp_path / "runs/sizes-8-documents/size.md").read_text(encoding="utf-8")
    assert page.count("\n") == 5
    assert cells_of(points, "f1")[1][:2] == ["closed_book", "7"]


def test_sizes_below_one_and_experiments_without_retrieval_are_refused(
    experiment: dict[str, Any], tmp_path: Path
) -> None:
    folders = {"store": tmp_path / "store", "runs": tmp_path / "runs"}
    with pytest.raises(UserError, match="each at least 1"):
        size_curve(parse_experiment(experiment), [0], **folders)
    alone = {**experiment, "configurations": [{"arm": "closed_book"}]}
    with pytest.raises(UserError, match="no configuration retrieves anything"):
        size_curve(parse_experiment(alone), [5], **folders)
