"""Writing a finished experiment into the tracking store, once."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from assay.fingerprint import fingerprint
from assay.tracking.backend import Backend, opened
from assay.tracking.note import note
from assay.tracking.privacy import Privacy, privacy
from assay.tracking.values import (
    LONGEST_PARAMETER,
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
from eval.results import DatasetInfo, Results
from pipelines.errors import UserError

COMPLETE = "assay.complete"
EXPERIMENT = "assay.experiment"
KIND = "custom_model_development"
TABLE = "per_question.json"
# What the table of one configuration leaves to per_question.parquet: long texts and what is the same in every row.
LONG_COLUMNS = ("configuration", "passages")
METRICS_PER_BATCH, PARAMETERS_PER_BATCH = 1000, 100


@dataclass(frozen=True)
class Record:
    """One run as it is written: everything known before the first write."""

    name: str
    tags: dict[str, str]
    parameters: dict[str, str]
    metrics: dict[str, float]


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
    page = report.read_text(encoding="utf-8")
    guard = privacy(os.environ, experiment_yaml, working=Path.cwd(), home=Path.home())
    parent = _experiment_record(results, guard)
    children = [_configuration_record(results, index, guard) for index in range(len(results.configurations))]
    with opened(uri) as backend:
        experiment_id = _mlflow_experiment(backend, results.name)
        known = _finished(backend.client, experiment_id, parent.tags[EXPERIMENT])
        if known is not None:
            return known
        ended = int(results.created.timestamp() * 1000)
        started = ended - int(sum(results.timings.values()) * 1000)
        run_id = _create(backend.client, experiment_id, parent, started)
        for index, child in enumerate(children):
            table = per_question[per_question["configuration"] == results.configurations[index].id]
            # Children start one millisecond apart, so that the page lists them in the order of the results.
            child_id = _create(backend.client, experiment_id, child, ended - index, parent=run_id)
            _fill(backend.client, child_id, child, results, guard)
            shown = table.drop(columns=[name for name in LONG_COLUMNS if name in table])
            backend.client.log_table(child_id, guard.frame(shown), TABLE)
            backend.client.set_terminated(child_id, end_time=ended - index)
        _fill(backend.client, run_id, parent, results, guard)
        files = {
            "results.json": guard.text(results.model_dump_json(indent=1) + "\n"),
            "experiment.yaml": guard.document(experiment_yaml),
            "report.html": guard.text(page),
        }
        _log_files(backend.client, run_id, files, guard.frame(per_question))
        backend.client.set_experiment_tag(experiment_id, TAG, view_state(results, run_id))
        backend.client.set_terminated(run_id, end_time=ended)
        # Last of all: only a run that has everything is found again.
        backend.client.set_tag(run_id, COMPLETE, "true")
    return run_id


def experiment_fingerprint(results: Results) -> str:
    """What makes two runs of an experiment the same: everything found, but not when it was run, how long that took and
    what the store held."""
    return fingerprint(
        results.model_dump(
            mode="json", exclude={"created": True, "timings": True, "configurations": {"__all__": {"store"}}}
        )
    )


def _experiment_record(results: Results, guard: Privacy) -> Record:
    tags = experiment_tags(results) | {
        EXPERIMENT: experiment_fingerprint(results),
        "mlflow.note.content": clip(note(results), LONGEST_TAG),
    }
    return Record(
        results.name, guard.mapping(tags), guard.mapping(experiment_parameters(results)), experiment_metrics(results)
    )


def _configuration_record(results: Results, index: int, guard: Privacy) -> Record:
    configuration = results.configurations[index]
    return Record(
        configuration.id,
        guard.mapping(configuration_tags(results, configuration)),
        guard.mapping(configuration_parameters(configuration)),
        configuration_metrics(results, configuration),
    )


def _mlflow_experiment(backend: Backend, name: str) -> str:
    """The MLflow experiment of this name, made where there is none; one that was deleted is restored."""
    found = backend.client.get_experiment_by_name(name)
    if found is None:
        location = None
        if backend.artifacts is not None:
            location = (backend.artifacts / re.sub(r"[^\w.-]+", "-", name)).as_uri()
        # The interface guesses from the first runs which of its pages to show, unless told.
        return backend.client.create_experiment(name, location, tags={"mlflow.experimentKind": KIND})
    if found.lifecycle_stage == "deleted":
        backend.client.restore_experiment(found.experiment_id)
    return found.experiment_id


def _finished(client: Any, experiment_id: str, wanted: str) -> str | None:
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


def _create(client: Any, experiment_id: str, record: Record, start: int, parent: str | None = None) -> str:
    own = {COMPLETE: "false"} if parent is None else {"mlflow.parentRunId": parent}
    tags = {"mlflow.source.name": "assay", **own, **record.tags}
    return client.create_run(experiment_id, start_time=start, tags=tags, run_name=record.name).info.run_id


def _fill(client: Any, run_id: str, record: Record, results: Results, guard: Privacy) -> None:
    from mlflow.entities import Metric, Param

    when = int(results.created.timestamp() * 1000)
    metrics = [Metric(name, value, when, 0) for name, value in record.metrics.items()]
    parameters = [Param(name, _short(client, run_id, name, value)) for name, value in record.parameters.items()]
    client.log_batch(run_id, metrics[: METRICS_PER_BATCH - PARAMETERS_PER_BATCH], parameters[:PARAMETERS_PER_BATCH])
    for batch in _batches(metrics[METRICS_PER_BATCH - PARAMETERS_PER_BATCH :], METRICS_PER_BATCH):
        client.log_batch(run_id, metrics=batch)
    for batch in _batches(parameters[PARAMETERS_PER_BATCH:], PARAMETERS_PER_BATCH):
        client.log_batch(run_id, params=batch)
    client.log_inputs(run_id, datasets=[_dataset(results.dataset, guard)])


def _short(client: Any, run_id: str, name: str, value: str) -> str:
    """MLflow would cut a long parameter without a word: the whole goes into a file, and the parameter says where."""
    if len(value) <= LONGEST_PARAMETER:
        return value
    file = f"parameters/{re.sub(r'[^A-Za-z0-9_.-]', '_', name)}.txt"
    client.log_text(run_id, value, file)
    return f"{value[:200]}… (whole text in {file})"


def _dataset(info: DatasetInfo, guard: Privacy) -> Any:
    from mlflow.data.code_dataset_source import CodeDatasetSource
    from mlflow.data.http_dataset_source import HTTPDatasetSource
    from mlflow.data.meta_dataset import MetaDataset
    from mlflow.entities import Dataset, DatasetInput, InputTag

    source = guard.parameter(info.source)
    origin = HTTPDatasetSource(source) if re.match("https?://", source) else CodeDatasetSource({"source": source})
    # MLflow takes digests of at most 36 characters; Assay's own have 32.
    described = MetaDataset(origin, name=info.name, digest=info.fingerprint[:36]).to_dict()
    profile = {"documents": info.documents, **{f"questions_{split}": n for split, n in info.questions.items()}}
    tags = [InputTag("mlflow.data.context", "test")]
    return DatasetInput(Dataset(**described, profile=json.dumps(profile)), tags)


def _log_files(client: Any, run_id: str, files: Mapping[str, str], table: pd.DataFrame) -> None:
    with TemporaryDirectory() as folder:
        for name, content in files.items():
            Path(folder, name).write_text(content, encoding="utf-8")
        table.to_parquet(Path(folder, "per_question.parquet"), index=False)
        client.log_artifacts(run_id, folder)


def _batches(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
