"""A finished run's configuration, ready to answer."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from assay.experiment import Configuration, Experiment
from assay.finished import load_run
from assay.pipeline import Pipeline
from assay.progress import Progress
from assay.serving.experiment_file import read_experiment
from assay.stages import Stages
from assay.store import Store
from eval.results import Results
from pipelines.errors import UserError
from pipelines.generation.prompts import PromptTemplate
from pipelines.registry import nearest

if TYPE_CHECKING:
    from rich.console import Console

log = logging.getLogger(__name__)


def load_pipeline(
    run_folder: Path, configuration_id: str | None, store: Path, console: "Console | None" = None
) -> Pipeline:
    """The pipeline of a configuration of a finished run, the recommended one where none is named.

    It takes the prompt that dev chose and, where tuned, the adapter of the first training seed. Chunks, indexes and
    adapter come from the store; what is not there is computed, with progress on ``console``. Documents that changed
    since the run are indexed as they are now, which is logged as a warning. The language model is located, and loaded
    at the first question. Raises ``UserError`` for what the user can mend.
    """
    results, _ = load_run(run_folder)
    experiment = read_experiment(run_folder)
    configuration = _chosen(experiment, results, run_folder, configuration_id)
    template = _template(experiment, results, configuration, run_folder)
    progress = Progress(console)
    with progress.shown():
        stages = Stages(experiment, Store(store), progress)
        if stages.dataset_fingerprint != results.dataset.fingerprint:
            log.warning("%s: documents or questions have changed since the run; its numbers are of before", run_folder)
        pipeline = Pipeline(stages, configuration, template)
        open_stages(pipeline)
    return pipeline


def open_stages(pipeline: Pipeline) -> None:
    """Locate the model, open what is retrieved from, and find the adapter; the store computes what it lacks."""
    stages, configuration = pipeline.stages, pipeline.configuration
    _ = stages.model(configuration).identity
    if configuration.retrieved:
        _ = pipeline.retrieving
    stages.adapter(configuration, pipeline.seed)


def _chosen(experiment: Experiment, results: Results, folder: Path, wanted: str | None) -> Configuration:
    name = wanted or results.recommendation.id
    measured = {one.id for one in results.configurations}
    by_id = {one.id: one for one in experiment.configurations if one.id in measured}
    if name not in by_id:
        raise UserError(f"{folder}: there is no configuration {name!r}; {nearest(name, by_id)}")
    if by_id[name].gold:
        others = ", ".join(one.id for one in by_id.values() if not one.gold) or "none in this run"
        raise UserError(
            f"{name}: arm {by_id[name].arm} reads the gold passages of its questions, which a new question has not; "
            f"choose another: {others}"
        )
    return by_id[name]


def _template(experiment: Experiment, results: Results, configuration: Configuration, folder: Path) -> PromptTemplate:
    name = results.configuration(configuration.id).params.get("prompt")
    for template in experiment.prompts:
        if template.name == name:
            return template
    raise UserError(f"{folder}: experiment.yaml has no prompt {name!r}, which results.json names; run it again")
