"""The example experiments: each is valid, and together they show every kind of every stage of retrieval."""

from pathlib import Path
from typing import Any

import pytest

from assay.experiment import Experiment
from assay.loading import load_experiment
from assay.registries import registries
from pipelines.registry import nested

ROOT = Path(__file__).parents[1]
SCENARIOS = ROOT / "configs/scenarios"
FILES = sorted(path for path in (ROOT / "configs").rglob("*.yaml") if path.parent != SCENARIOS)
STAGES = ("chunker", "enrichment", "query", "retriever", "filter", "post_retrieval", "answer", "flow")


def load(path: Path, monkeypatch: pytest.MonkeyPatch) -> Experiment:
    monkeypatch.setenv("OPENAI_API_KEY", "planted-and-never-shown")
    return load_experiment(path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT / "configs").as_posix())
def test_example_is_valid(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = load(path, monkeypatch)
    assert experiment.description.endswith("?")
    assert "planted" not in experiment.model_dump_json()


def test_every_kind_of_a_retrieval_stage_is_in_an_example(monkeypatch: pytest.MonkeyPatch) -> None:
    used: set[Any] = set()
    for path in FILES:
        used |= {type(one) for one in nested(load(path, monkeypatch))}
    every = registries()
    missing = [
        (stage, kind.name) for stage in STAGES for kind in every[stage].kinds().values() if kind.config not in used
    ]
    assert not missing
