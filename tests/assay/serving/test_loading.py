"""Which configuration of a run is loaded, with which prompt, and what the user is told where it cannot be."""

from collections.abc import Callable
from pathlib import Path

import pytest

import assay
from assay.experiment import Experiment
from assay.pipeline import Pipeline
from assay.serving.experiment_file import write_experiment
from pipelines.errors import UserError


@pytest.fixture
def load(run: Path, tmp_path: Path) -> Callable[..., Pipeline]:
    return lambda name=None: assay.load_pipeline(run, name, tmp_path / "store")


def test_the_recommended_configuration_is_loaded_with_the_prompt_of_the_run(load: Callable[..., Pipeline]) -> None:
    pipeline = load()
    assert (pipeline.configuration.id, pipeline.template.name, pipeline.seed) == ("closed", "plain", 0)


def test_the_store_gives_index_and_chunks_and_computes_what_it_lacks(load: Callable[..., Pipeline]) -> None:
    first, again = load("bm25"), load("bm25")
    assert (first.stages.store.misses, first.stages.store.hits) == (2, 0)
    assert (again.stages.store.misses, again.stages.store.hits) == (0, 2)


def test_an_unknown_configuration_is_told_with_its_neighbour(load: Callable[..., Pipeline]) -> None:
    with pytest.raises(UserError, match=r"pumps: there is no configuration 'bm26'; did you mean 'bm25'\?"):
        load("bm26")


def test_gold_passages_cannot_be_served(load: Callable[..., Pipeline]) -> None:
    with pytest.raises(UserError, match=r"gold: arm gold_context reads the gold .* another: bm25, closed"):
        load("gold")


def test_a_folder_without_a_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"results.json: not there; .* is no finished run"):
        assay.load_pipeline(tmp_path)


def test_a_prompt_that_the_experiment_lacks_is_told(
    load: Callable[..., Pipeline], run: Path, experiment: Experiment
) -> None:
    other = experiment.prompts[0].model_copy(update={"name": "other"})
    write_experiment(experiment.model_copy(update={"prompts": (other,)}), run)
    with pytest.raises(UserError, match="has no prompt 'plain'"):
        load("bm25")


def test_changed_documents_are_indexed_as_they_are_and_told(
    load: Callable[..., Pipeline], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    load("bm25")
    assert caplog.text == ""
    kestrel = tmp_path / "data/documents/kestrel.md"
    kestrel.write_text(kestrel.read_text(encoding="utf-8") + "\nIt is loud.\n", encoding="utf-8")
    changed = load("bm25")
    assert "documents or questions have changed since the run" in caplog.text
    assert any("It is loud." in chunk.text for chunk in changed.retrieving.chunks.values())
