"""One MLflow run: created, filled in batches, with its dataset, tables and files."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from assay.tracking.privacy import Privacy
from assay.tracking.values import LONGEST_PARAMETER
from eval.results import DatasetInfo, TrainingCard

# MLflow compares tables by their first column and shows the second: what was asked, and what was answered.
FIRST = ("question", "answer", "expected")
# Left to per_question.parquet: long texts and what is the same in every row.
LEFT_OUT = ("configuration", "passages")
METRICS_PER_BATCH, PARAMETERS_PER_BATCH = 900, 100


@dataclass(frozen=True)
class Record:
    """One run as it is written."""

    name: str
    tags: dict[str, str]
    parameters: dict[str, str]
    metrics: dict[str, float]


def create(client: Any, experiment_id: str, record: Record, start: int, parent: str | None = None) -> str:
    """A run with its tags. ``start`` in milliseconds. MLflow's own tags (user, machine, source path) are not written,
    as those come with its fluent interface alone."""
    tags = {"mlflow.source.name": "assay", **record.tags, **({"mlflow.parentRunId": parent} if parent else {})}
    return client.create_run(experiment_id, start_time=start, tags=tags, run_name=record.name).info.run_id


def fill(client: Any, run_id: str, record: Record, when: int, datasets: Sequence[Any]) -> None:
    """Metrics, parameters and the datasets of a run. MLflow would cut a long parameter without a word: its whole goes
    into a file, and the parameter says where."""
    from mlflow.entities import Metric, Param

    metrics = [Metric(name, value, when, 0) for name, value in record.metrics.items()]
    parameters = [Param(name, _short(client, run_id, name, value)) for name, value in record.parameters.items()]
    client.log_batch(run_id, metrics[:METRICS_PER_BATCH], parameters[:PARAMETERS_PER_BATCH])
    for batch in _batches(metrics[METRICS_PER_BATCH:], METRICS_PER_BATCH):
        client.log_batch(run_id, metrics=batch)
    for batch in _batches(parameters[PARAMETERS_PER_BATCH:], PARAMETERS_PER_BATCH):
        client.log_batch(run_id, params=batch)
    client.log_inputs(run_id, datasets=list(datasets))


def dataset_input(info: DatasetInfo, guard: Privacy) -> Any:
    """The dataset as an MLflow input: name, fingerprint as digest, source, and counts as profile."""
    from mlflow.data.code_dataset_source import CodeDatasetSource
    from mlflow.data.http_dataset_source import HTTPDatasetSource
    from mlflow.data.meta_dataset import MetaDataset
    from mlflow.entities import Dataset, DatasetInput, InputTag

    source = guard.parameter(info.source)
    origin = HTTPDatasetSource(source) if re.match("https?://", source) else CodeDatasetSource({"source": source})
    # MLflow takes digests of at most 36 characters; Assay's own have 32.
    described = MetaDataset(origin, name=info.name, digest=info.fingerprint[:36]).to_dict()
    profile = {"documents": info.documents, **{f"questions_{split}": n for split, n in info.questions.items()}}
    return DatasetInput(Dataset(**described, profile=json.dumps(profile)), [InputTag("mlflow.data.context", "test")])


def training_input(name: str, card: TrainingCard) -> Any:
    """A training set as an MLflow input: its card as profile, the hash of its content as digest."""
    from mlflow.data.code_dataset_source import CodeDatasetSource
    from mlflow.data.meta_dataset import MetaDataset
    from mlflow.entities import Dataset, DatasetInput, InputTag

    origin = CodeDatasetSource({"kinds": ", ".join(card.kinds)})
    described = MetaDataset(origin, name=f"{name}: training set", digest=card.fingerprint[:36]).to_dict()
    profile = card.model_dump_json(exclude={"fingerprint"})
    return DatasetInput(Dataset(**described, profile=profile), [InputTag("mlflow.data.context", "training")])


def question_table(per_question: pd.DataFrame, configuration: str) -> pd.DataFrame:
    """The rows of one configuration, in the order in which MLflow's interface compares tables of several runs."""
    own = per_question[per_question["configuration"] == configuration]
    rest = [name for name in own.columns if name not in FIRST + LEFT_OUT]
    return own[[*(name for name in FIRST if name in own), *rest]]


def log_files(client: Any, run_id: str, files: Mapping[str, str], table: pd.DataFrame) -> None:
    """Texts by file name, and the whole table as ``per_question.parquet``."""
    with TemporaryDirectory() as folder:
        for name, content in files.items():
            Path(folder, name).write_text(content, encoding="utf-8")
        table.to_parquet(Path(folder, "per_question.parquet"), index=False)
        client.log_artifacts(run_id, folder)


def _short(client: Any, run_id: str, name: str, value: str) -> str:
    if len(value) <= LONGEST_PARAMETER:
        return value
    file = f"parameters/{re.sub(r'[^A-Za-z0-9_.-]', '_', name)}.txt"
    client.log_text(run_id, value, file)
    return f"{value[:200]}… (whole text in {file})"


def _batches(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
