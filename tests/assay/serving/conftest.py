"""A pipeline over the small dataset with a model that answers as told, made without a run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from assay.experiment import Experiment
from assay.fingerprint import dataset_fingerprint
from assay.loading import parse_experiment
from assay.pipeline import Pipeline
from assay.progress import Progress
from assay.serving.experiment_file import write_experiment
from assay.stages import Stages
from assay.store import Store
from pipelines.corpus import datasets


@pytest.fixture
def experiment(fake_model: Any, small_dataset: Any, tmp_path: Path) -> Experiment:
    return parse_experiment(
        {
            "name": "pumps",
            "dataset": small_dataset(tmp_path / "data"),
            "llm": "fake",
            "prompts": [{"name": "plain", "instruction": ""}],
            "configurations": [
                {"id": "bm25", "arm": "rag", "retriever": "bm25", "depth": 2},
                {"id": "closed", "arm": "closed_book"},
                {"id": "gold", "arm": "gold_context"},
                {
                    "id": "rights",
                    "arm": "rag",
                    "retriever": "bm25",
                    "filter": {"kind": "rights", "public_without": True},
                },
            ],
        }
    )


@pytest.fixture
def make_pipeline(experiment: Experiment, tmp_path: Path) -> Callable[[str], Pipeline]:
    """A pipeline of the experiment by its id; all share their stages."""
    stages = Stages(experiment, Store(tmp_path / "store"), Progress())

    def make(name: str = "bm25") -> Pipeline:
        configuration = next(one for one in experiment.configurations if one.id == name)
        return Pipeline(stages, configuration, experiment.prompts[0])

    return make


@pytest.fixture
def run(experiment: Experiment, make_results: Callable[..., Any], tmp_path: Path) -> Path:
    """The folder of a finished run whose recommendation is the closed book."""
    folder = tmp_path / "runs/pumps"
    folder.mkdir(parents=True)
    results = make_results({"closed": "closed_book", "bm25": "rag", "gold": "gold_context"})
    about = results.dataset.model_copy(
        update={"fingerprint": dataset_fingerprint(datasets.build(experiment.dataset)())}
    )
    results.model_copy(update={"dataset": about}).save(folder / "results.json")
    pd.DataFrame({"configuration": ["closed"]}).to_parquet(folder / "per_question.parquet")
    write_experiment(experiment, folder)
    return folder
