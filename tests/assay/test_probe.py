"""Cold starts: what is loaded before a configuration's first answer."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from assay.loading import parse_experiment
from assay.pipeline import Pipeline
from assay.probe import ColdStarts
from assay.progress import Progress
from assay.stages import Stages
from assay.store import Store
from pipelines.generation.prompts import PLAIN
from pipelines.records import Hits

PROBABILITY = {"kind": "probability"}


@pytest.fixture
def opened(tiny_model: Path, small_dataset: Callable[[Path], dict[str, str]], tmp_path: Path) -> Callable[..., Stages]:
    """Opens an experiment with these configurations on a tiny model."""
    dataset = small_dataset(tmp_path / "data")

    def make(*configurations: dict[str, Any]) -> Stages:
        experiment = parse_experiment(
            {
                "name": "pumps",
                "dataset": dataset,
                "llm": {"kind": "hf", "name": str(tiny_model)},
                "max_new_tokens": 4,
                "prompts": [{"name": "plain", "instruction": ""}],
                "configurations": list(configurations),
            }
        )
        return Stages(experiment, Store(tmp_path / "store"), Progress())

    return make


@pytest.mark.slow
def test_weights_are_loaded_with_what_reads_along(opened: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = opened(
        {"id": "plain", "arm": "closed_book", "prompt": "plain"},
        {"id": "sure", "arm": "closed_book", "prompt": "plain", "intervention": PROBABILITY},
    )
    question = stages.dataset.split("test")[0]
    put_into, loaded = stages.interventions.put_into, []

    def watched(model: Any, configuration: Any, seed: int) -> Any:
        loaded.append((configuration.id, put_into(model, configuration, seed)))
        return loaded[-1][1]

    for one in stages.experiment.configurations:
        Pipeline(stages, one, PLAIN).answer(question)  # warm: the stages' own models are loaded and fitted
    monkeypatch.setattr(stages.interventions, "put_into", watched)
    cold_start = ColdStarts(stages, question)
    cold = {one.id: cold_start(Pipeline(stages, one, PLAIN)) for one in stages.experiment.configurations}
    assert [name for name, _ in loaded] == ["plain", "sure"]  # other weights: each is loaded for itself
    assert [model._intervention is not None for _, model in loaded] == [False, True]
    assert all(model not in stages.models.values() for _, model in loaded)
    assert all(seconds > 0 for seconds in cold.values())


@pytest.mark.slow
def test_a_retriever_that_writes_loads_no_language_model(opened: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = opened({"id": "mine", "arm": "rag", "retriever": "bm25", "flow": "interleaved"})
    mine = stages.experiment.configurations[0]
    first = stages.indexing.chunks(mine)[1][0]
    opening: list[str] = []

    def search(configuration: Any) -> Any:
        opening.append(configuration.id)
        return lambda queries, depth: [Hits((first.id,), (1.0,))] * len(queries)

    def refused(configuration: Any, seed: int) -> Any:
        raise AssertionError("the retriever writes")

    monkeypatch.setattr(stages.indexing, "search", search)
    monkeypatch.setattr(stages, "fresh_model", refused)
    pipeline = SimpleNamespace(
        configuration=mine, answer=lambda question: SimpleNamespace(times={"retrieve": 0.25, "decode": 0.5})
    )
    seconds = ColdStarts(stages, stages.dataset.split("test")[0])(pipeline)
    assert opening == ["mine"]
    assert 0.75 < seconds < 5
