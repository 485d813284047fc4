"""A finished experiment in a real MLflow store on SQLite."""

import importlib.util
import json
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from assay.tracking import experiment_fingerprint, log_run
from assay.tracking.backend import opened, shown, sqlite_path, sqlite_uri
from assay.tracking.values import configuration_metrics, configuration_parameters
from assay.tracking.views import TAG
from assay.tracking.writing import training_input
from eval.results import Lengths, Results, TrainingCard
from pipelines.errors import UserError

YAML = "name: handbook\nllm: {kind: openai, api_key: '${INTERNAL_GATE}'}\n"


@dataclass(frozen=True)
class Finished:
    """A finished experiment and where it was logged."""

    results: Results
    table: pd.DataFrame
    folder: Path

    @property
    def uri(self) -> str:
        return sqlite_uri(self.folder.parent / "mlflow.db")

    def log(self, results: Results | None = None, **changed: Any) -> str:
        options = {"experiment_yaml": YAML, "uri": self.uri} | changed
        return log_run(results or self.results, options.pop("table", self.table), self.folder, **options)

    @property
    def client(self) -> Any:
        from mlflow import MlflowClient

        return MlflowClient(self.uri)

    def runs(self, kind: str) -> list[Any]:
        identifier = self.client.get_experiment_by_name(self.results.name).experiment_id
        return list(self.client.search_runs([identifier], f"tags.`assay.kind` = '{kind}'"))


@pytest.fixture(scope="module")
def simulated() -> tuple[Results, pd.DataFrame]:
    path = Path(__file__).parents[1] / "eval" / "report" / "conftest.py"
    spec = importlib.util.spec_from_file_location("simulated_for_tracking", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.simulated_experiment(number=60)


def finished(folder: Path, simulated: tuple[Results, pd.DataFrame]) -> Finished:
    run = folder / "handbook"
    run.mkdir(parents=True)
    (run / "report.html").write_text("<html>the report</html>", encoding="utf-8")
    return Finished(*simulated, run)


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory, simulated: tuple[Results, pd.DataFrame]) -> Finished:
    """Logged twice, into a folder whose name has to be quoted in addresses."""
    one = finished(tmp_path_factory.mktemp("a store %41 ü") / "runs", simulated)
    assert one.log() == one.log()
    return one


@pytest.fixture
def fresh(tmp_path: Path, logged: Finished, simulated: tuple[Results, pd.DataFrame]) -> Iterator[Finished]:
    """Four of the configurations and an empty store of its own; copied, as making one takes a second."""
    results, table = simulated
    few = ("closed_book", "rag-hybrid-k3-rerank", "lora-r16", results.recommendation.id)
    configurations = tuple(one for one in results.configurations if one.id in few)
    one = finished(tmp_path / "runs", (results.model_copy(update={"configurations": configurations}), table))
    template = logged.folder.parent / "empty.db"
    if not template.exists():
        with opened(sqlite_uri(template)):
            pass
    shutil.copy(template, tmp_path / "runs" / "mlflow.db")
    return one


def test_one_parent_and_one_child_a_configuration(logged: Finished) -> None:
    (parent,) = logged.runs("experiment")
    children = logged.runs("configuration")
    assert {child.data.tags["mlflow.parentRunId"] for child in children} == {parent.info.run_id}
    assert sorted(child.info.run_name for child in children) == sorted(c.id for c in logged.results.configurations)
    assert {run.info.status for run in (parent, *children)} == {"FINISHED"}


def test_a_child_holds_every_metric_parameter_and_its_fingerprint(logged: Finished) -> None:
    for child in logged.runs("configuration"):
        configuration = logged.results.configuration(child.info.run_name)
        assert child.data.metrics == configuration_metrics(logged.results, configuration)
        assert child.data.params == configuration_parameters(configuration)
        assert child.data.tags["assay.fingerprint"] == configuration.fingerprint


def test_the_parent_is_found_by_fingerprint(logged: Finished) -> None:
    (parent,) = logged.runs("experiment")
    assert parent.data.tags["assay.experiment"] == experiment_fingerprint(logged.results)
    assert parent.data.tags["assay.complete"] == "true"


def test_the_dataset_is_an_input_of_every_run(logged: Finished) -> None:
    for run in (*logged.runs("experiment"), *logged.runs("configuration")):
        (entry,) = run.inputs.dataset_inputs
        assert (entry.dataset.name, entry.dataset.digest) == ("field-service", "sha256:4f1c09aa")
        assert "written for this test" in entry.dataset.source


def test_a_training_set_is_an_input_with_its_card() -> None:
    tokens = {"prompt": Lengths(sum=90, mean=9.0, longest=12)}
    card = TrainingCard(
        fingerprint="ab" * 20, kinds=("raft",), pairs=10, texts=0, left_out={"repeated": 1}, tokens=tokens
    )
    found = training_input("pumps", card)
    assert (found.dataset.name, found.dataset.digest) == ("pumps: training set", "ab" * 18)
    assert json.loads(found.dataset.profile)["tokens"]["prompt"]["longest"] == 12
    assert [(tag.key, tag.value) for tag in found.tags] == [("mlflow.data.context", "training")]


def test_the_parent_holds_report_results_table_and_experiment(logged: Finished, tmp_path: Path) -> None:
    (parent,) = logged.runs("experiment")
    folder = Path(logged.client.download_artifacts(parent.info.run_id, "", str(tmp_path)))
    assert {path.name for path in folder.iterdir()} == {
        "experiment.yaml",
        "per_question.parquet",
        "report.html",
        "results.json",
    }
    assert (folder / "report.html").read_text() == "<html>the report</html>"
    assert (folder / "experiment.yaml").read_text() == YAML
    assert Results.load(folder / "results.json") == logged.results
    assert len(pd.read_parquet(folder / "per_question.parquet")) == len(logged.table)


def test_a_child_holds_its_answers_as_a_table_that_mlflow_compares(logged: Finished, tmp_path: Path) -> None:
    child = next(run for run in logged.runs("configuration") if run.info.run_name == "lora-r16")
    entry = json.loads(child.data.tags["mlflow.loggedArtifacts"])
    assert entry == [{"path": "per_question.json", "type": "table"}]
    path = logged.client.download_artifacts(child.info.run_id, "per_question.json", str(tmp_path))
    table = json.loads(Path(path).read_text())
    assert table["columns"][:2] == ["question", "answer"]
    assert len(table["data"]) == 3 * 60  # three seeds


def test_artifacts_lie_beside_the_database_under_an_absolute_address(logged: Finished) -> None:
    (parent,) = logged.runs("experiment")
    assert parent.info.artifact_uri.startswith("file:///")
    assert list((logged.folder.parent / "mlartifacts").rglob(f"{parent.info.run_id}/artifacts/report.html"))


def test_the_prepared_view_shows_the_children_of_the_parent(logged: Finished) -> None:
    (parent,) = logged.runs("experiment")
    tags = logged.client.get_experiment_by_name(logged.results.name).tags
    assert parent.info.run_id in json.loads(tags[TAG])["searchFilter"]


def test_neither_user_nor_machine_is_named(logged: Finished) -> None:
    for run in (*logged.runs("experiment"), *logged.runs("configuration")):
        own = {name: value for name, value in run.data.tags.items() if name.startswith("mlflow.")}
        assert set(own) <= {
            "mlflow.loggedArtifacts",
            "mlflow.note.content",
            "mlflow.parentRunId",
            "mlflow.runName",
            "mlflow.source.name",
        }
        assert own["mlflow.source.name"] == "assay"
        assert run.info.user_id in ("", "unknown")


def test_logging_again_writes_nothing(fresh: Finished) -> None:
    first = fresh.log()
    before = sqlite3.connect(fresh.folder.parent / "mlflow.db")
    dump = list(before.iterdump())
    later = fresh.results.model_copy(update={"created": fresh.results.created.replace(year=2027), "timings": {}})
    assert fresh.log(later) == first
    assert list(before.iterdump()) == dump


def test_changed_results_are_another_parent_of_the_same_mlflow_experiment(fresh: Finished) -> None:
    first = fresh.log()
    second = fresh.log(fresh.results.model_copy(update={"seed": 8}))
    assert {run.info.run_id for run in fresh.runs("experiment")} == {first, second}


@pytest.mark.parametrize("method", ["log_inputs", "log_table", "log_artifacts", "set_tag"])
def test_a_run_that_was_killed_is_replaced(fresh: Finished, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    from mlflow import MlflowClient

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, method, killed)
        with pytest.raises(KeyboardInterrupt):
            fresh.log()
    (left,) = fresh.runs("experiment")
    run_id = fresh.log()
    (parent,) = fresh.runs("experiment")
    assert parent.info.run_id == run_id != left.info.run_id
    assert len(fresh.runs("configuration")) == len(fresh.results.configurations)
    assert fresh.log() == run_id


def test_a_run_deleted_by_the_user_is_logged_anew(fresh: Finished) -> None:
    first = fresh.log()
    fresh.client.delete_run(first)
    assert fresh.log() != first


def test_an_experiment_deleted_by_the_user_comes_back(fresh: Finished) -> None:
    fresh.log()
    identifier = fresh.client.get_experiment_by_name(fresh.results.name).experiment_id
    fresh.client.delete_experiment(identifier)
    run_id = fresh.log()
    assert fresh.client.get_experiment(identifier).lifecycle_stage == "active"
    assert fresh.client.get_run(run_id).info.lifecycle_stage == "active"


def test_a_long_parameter_is_kept_whole_in_a_file(fresh: Finished, tmp_path: Path) -> None:
    first, *others = fresh.results.configurations
    long = first.model_copy(update={"params": {"prompt": "x" * 7000}})
    fresh.log(fresh.results.model_copy(update={"configurations": (long, *others)}))
    child = next(run for run in fresh.runs("configuration") if run.info.run_name == first.id)
    assert child.data.params["prompt"].endswith("(whole text in parameters/prompt.txt)")
    path = fresh.client.download_artifacts(child.info.run_id, "parameters/prompt.txt", str(tmp_path))
    assert Path(path).read_text() == "x" * 7000


def test_nan_is_refused_before_anything_is_written(fresh: Finished) -> None:
    first, *others = fresh.results.configurations
    broken = first.model_copy(update={"dev": {"f1": float("nan")}})
    with pytest.raises(ValueError, match="must be absent"):
        fresh.log(fresh.results.model_copy(update={"configurations": (broken, *others)}))
    assert fresh.client.get_experiment_by_name(fresh.results.name) is None


def test_no_secret_reaches_the_store(fresh: Finished, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        "OPENAI_API_KEY": "sk-planted-openai-0001",
        "HF_TOKEN": "hf_planted_token_0002",
        "AWS_SECRET_ACCESS_KEY": "planted/aws+secret=0003",
        "INTERNAL_GATE": "planted-gate-0004",
        "HARMLESS_SETTING": "planted-setting-0005",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", "/home/planted-user-0006")
    spoken = " ".join([value for name, value in secrets.items() if name != "HARMLESS_SETTING"])
    (fresh.folder / "report.html").write_text(f"<p>{spoken}</p>", encoding="utf-8")
    first, *others = fresh.results.configurations
    leaky = first.model_copy(
        update={"params": {"llm.api_key": "sk-planted-openai-0001", "path": "/home/planted-user-0006/x"}}
    )
    results = fresh.results.model_copy(
        update={
            "configurations": (leaky, *others),
            "warnings": (f"401 for {spoken}",),
            "dataset": fresh.results.dataset.model_copy(update={"source": "/home/planted-user-0006/kb"}),
        }
    )
    run_id = fresh.log(results, table=fresh.table.assign(answer=spoken), experiment_yaml=f"{YAML}# {spoken}\n")

    files = [path for path in fresh.folder.parent.rglob("*") if path.is_file() and fresh.folder not in path.parents]
    assert len(files) >= 2 + 4 + 4  # database and lock, one table a child, four files of the parent
    for path in files:
        content = path.read_bytes()
        if path.suffix == ".parquet":  # compressed
            content = pd.read_parquet(path).to_json(force_ascii=False).replace("\\/", "/").encode()
        assert not [name for name, value in secrets.items() if value.encode() in content], path
        assert b"planted-user" not in content, path
    tags = fresh.client.get_run(run_id).data.tags
    assert tags["assay.warnings"].startswith("401 for ${OPENAI_API_KEY}")


def test_what_a_kill_left_of_a_new_database_is_replaced(tmp_path: Path, logged: Finished) -> None:
    (tmp_path / "mlflow.db.part").write_bytes(b"half a schema")
    with opened(f"sqlite:///{tmp_path}/mlflow.db") as backend:
        assert [one.name for one in backend.client.search_experiments()] == ["Default"]
    # A database removed while this process goes on is made again, and not written to where nobody sees it.
    (tmp_path / "mlflow.db").unlink()
    with opened(f"sqlite:///{tmp_path}/mlflow.db") as backend:
        backend.client.create_experiment("second")
    found = sqlite3.connect(tmp_path / "mlflow.db").execute("SELECT name FROM experiments ORDER BY name").fetchall()
    assert found == [("Default",), ("second",)]


def test_a_file_that_is_no_database_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("not a database, but long enough to be looked at " * 20)
    with (
        pytest.raises(UserError, match=r"mlflow\.db: the MLflow store cannot be opened"),
        opened(f"sqlite:///{tmp_path}/mlflow.db"),
    ):
        pass


@pytest.mark.parametrize("uri", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "runs/mlflow.db"])
def test_an_address_that_names_no_store_is_a_clear_error(uri: str) -> None:
    with pytest.raises(UserError, match=r"sqlite:///runs/mlflow\.db"):
        sqlite_path(uri)


def test_a_relative_address_is_made_absolute() -> None:
    assert sqlite_path("sqlite:///runs/mlflow.db") == Path.cwd() / "runs" / "mlflow.db"


def test_the_password_in_an_address_is_not_shown() -> None:
    assert shown("postgresql://me:hunter2@db/assay") == "postgresql://me:***@db/assay"


def test_a_run_without_a_report_is_a_clear_error(fresh: Finished) -> None:
    (fresh.folder / "report.html").unlink()
    with pytest.raises(UserError, match=r"report\.html: not there; write it with: assay report"):
        fresh.log()
