"""Writing a finished experiment into the tracking store, once."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from assay.fingerprint import fingerprint
from assay.tracking.backend import Backend, opened
from assay.tracking.note import note
from assay.tracking.privacy import Privacy, privacy
from assay.tracking.values import (
    LONGEST_TAG,
    clip,
    configuration_metrics,
    configuration_parameters,
    configuration_tags,
    experiment_metrics,
    experiment_parameters,
    experiment_tags,
)
from assay.tracking.views import TAG, view_state
from assay.tracking.writing import Record, create, dataset_input, fill, log_files, question_table, training_input
from eval.results import ConfigurationResult, Results
from pipelines.errors import UserError

COMPLETE = "assay.complete"
EXPERIMENT = "assay.experiment"
# The kind of experiment by which MLflow's interface chooses the pages it offers.
KIND = "custom_model_development"
TABLE = "per_question.json"


@dataclass(frozen=True)
class Prepared:
    """Everything that is written, free of private texts, made before the first write."""

    parent: Record
    children: tuple[Record, ...]
    tables: tuple[pd.DataFrame, ...]
    whole_table: pd.DataFrame
    files: dict[str, str]


def log_run(
    results: Results,
    per_question: pd.DataFrame,
    folder: Path,
    *,
    experiment_yaml: str,
    uri: str = "sqlite:///runs/mlflow.db",
) -> str:
    """Log a finished experiment: one parent run, one child a configuration. Gives the id of the parent run.

    ``folder`` holds the ``report.html`` of the run. The same experiment is logged once: a second call finds it by
    fingerprint and writes nothing; a run that a kill left unfinished is replaced. Secrets and machine paths are
    written as their names. Raises ``UserError`` where there is no report or the store cannot be opened, ``ValueError``
    for NaN, in both cases before anything is written.
    """
    report = folder / "report.html"
    if not report.is_file():
        raise UserError(f"{report}: not there; write it with: assay report {folder}")
    guard = privacy(os.environ, experiment_yaml, working=Path.cwd(), home=Path.home())
    prepared = Prepared(
        parent=_experiment_record(results, guard),
        children=tuple(
            _configuration_record(results, configuration, guard) for configuration in results.configurations
        ),
        tables=tuple(guard.frame(question_table(per_question, one.id)) for one in results.configurations),
        whole_table=guard.frame(per_question),
        files={
            "results.json": guard.text(results.model_dump_json(indent=1) + "\n"),
            "experiment.yaml": guard.document(experiment_yaml),
            "report.html": guard.text(report.read_text(encoding="utf-8")),
        },
    )
    with opened(uri) as backend:
        experiment_id = mlflow_experiment(backend, results.name)
        run_id = finished_run(backend.client, experiment_id, prepared.parent.tags[EXPERIMENT])
        if run_id is None:
            dataset = dataset_input(results.dataset, guard)
            run_id = _write(backend.client, experiment_id, results, prepared, dataset)
    return run_id


def experiment_fingerprint(results: Results) -> str:
    """What makes two runs of an experiment the same: everything found, but not when it was run, how long that took and
    what the store held."""
    return fingerprint(
        results.model_dump(
            mode="json", exclude={"created": True, "timings": True, "configurations": {"__all__": {"store"}}}
        )
    )


def _write(client: Any, experiment_id: str, results: Results, prepared: Prepared, dataset: Any) -> str:
    parent, ended = prepared.parent, int(results.created.timestamp() * 1000)
    run_id = create(client, experiment_id, parent, ended - int(sum(results.timings.values()) * 1000))
    children = zip(results.configurations, prepared.children, prepared.tables, strict=True)
    for index, (one, child, table) in enumerate(children):
        # One millisecond apart, so that MLflow lists them in the order of the results.
        child_id = create(client, experiment_id, child, ended - index, parent=run_id)
        trained = one.training_set
        own = [training_input(results.dataset.name, trained)] if trained else []
        fill(client, child_id, child, ended, [dataset, *own])
        client.log_table(child_id, table, TABLE)
        client.set_terminated(child_id, end_time=ended - index)
    fill(client, run_id, parent, ended, [dataset])
    log_files(client, run_id, prepared.files, prepared.whole_table)
    client.set_experiment_tag(experiment_id, TAG, view_state(results, run_id))
    client.set_terminated(run_id, end_time=ended)
    # Last of all: only a run that has everything is found again.
    client.set_tag(run_id, COMPLETE, "true")
    return run_id


def _experiment_record(results: Results, guard: Privacy) -> Record:
    own = {COMPLETE: "false", EXPERIMENT: experiment_fingerprint(results), "mlflow.note.content": note(results)}
    return Record(
        results.name,
        _tags(experiment_tags(results) | own, guard),
        guard.mapping(experiment_parameters(results)),
        experiment_metrics(results),
    )


def _configuration_record(results: Results, configuration: ConfigurationResult, guard: Privacy) -> Record:
    return Record(
        configuration.id,
        _tags(configuration_tags(results, configuration), guard),
        guard.mapping(configuration_parameters(configuration)),
        configuration_metrics(results, configuration),
    )


def _tags(tags: dict[str, str], guard: Privacy) -> dict[str, str]:
    # Private texts go first: cut in two they would not be found.
    return {name: clip(value, LONGEST_TAG) for name, value in guard.mapping(tags).items()}


def mlflow_experiment(backend: Backend, name: str) -> str:
    """The MLflow experiment of this name, made where there is none; one that was deleted is restored."""
    found = backend.client.get_experiment_by_name(name)
    if found is None:
        location = None
        if backend.artifacts is not None:
            location = (backend.artifacts / re.sub(r"[^\w.-]+", "-", name)).as_uri()
        return backend.client.create_experiment(name, location, tags={"mlflow.experimentKind": KIND})
    if found.lifecycle_stage == "deleted":
        backend.client.restore_experiment(found.experiment_id)
    return found.experiment_id


def finished_run(client: Any, experiment_id: str, wanted: str) -> str | None:
    """The parent run of this fingerprint where it is complete. What a kill left of others is deleted."""
    finished = None
    for parent in client.search_runs([experiment_id], f"tags.`{EXPERIMENT}` = '{wanted}'"):
        if parent.data.tags.get(COMPLETE) == "true":
            finished = parent.info.run_id
            continue
        children = f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'"
        for child in client.search_runs([experiment_id], children, max_results=50_000):
            client.delete_run(child.info.run_id)
        client.delete_run(parent.info.run_id)
    return finished
