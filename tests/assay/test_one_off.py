"""Who pays for the training pairs: whoever learns from them or reads them, and once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assay.loading import parse_experiment
from assay.measure import one_off
from assay.progress import Progress
from assay.stages import Stages
from assay.store import Store

WRITTEN = {"training_data": [{"kind": "pairs", "reviewer_minutes": 90}]}
INDEXED = {"retriever": "bm25", "training_pairs_indexed": True}


@pytest.fixture
def minutes(small_dataset: Any, fake_model: Any, tmp_path: Path) -> Callable[..., list[float]]:
    """Reviewer minutes that each of these configurations pays."""
    dataset = small_dataset(tmp_path / "data")

    def charged(*configurations: dict[str, Any]) -> list[float]:
        data = {"name": "mini", "dataset": dataset, "llm": "fake", "configurations": list(configurations)}
        stages = Stages(parse_experiment(data), Store(tmp_path / "store"), Progress())
        made = stages.experiment.configurations
        # What tuning pays stands in its training set, and reaches the account with the adapter.
        learnt = [stages.tuning.training_set(one)[0].quantities["reviewer_minutes"] if one.tuned else 0 for one in made]
        return [one_off(stages, one, []).reviewer_minutes + paid for one, paid in zip(made, learnt, strict=True)]

    return charged


def test_pairs_cost_their_reader_what_they_cost_their_pupil(minutes: Any) -> None:
    assert minutes(
        {"arm": "lora", **WRITTEN},
        {"arm": "rag", "id": "without", "retriever": "bm25"},
        {"arm": "rag", "id": "with", **INDEXED},
    ) == [90, 0, 90]


def test_who_learns_from_the_pairs_and_reads_them_pays_once(minutes: Any, tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text('{"prompt": "What is new?", "completion": "nothing"}\n', encoding="utf-8")
    checked = {"training_data": [{"kind": "file", "path": str(file), "reviewer_minutes": 5}]}
    assert minutes(
        {"arm": "lora", **WRITTEN},
        {"arm": "lora_rag", "id": "both", **WRITTEN, **INDEXED},
        {"arm": "lora_rag", "id": "checked", **checked, **INDEXED},
    ) == [90, 90, 95]


def test_undeclared_minutes_are_none(minutes: Any) -> None:
    assert minutes({"arm": "lora"}, {"arm": "rag", **INDEXED}) == [0, 0]
