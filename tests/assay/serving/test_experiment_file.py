"""The experiment beside its results: it loads again from anywhere, and holds no secret."""

from pathlib import Path
from typing import Any

import pytest

from assay.experiment import Experiment
from assay.loading import load_experiment, parse_experiment
from assay.serving.experiment_file import read_experiment, write_experiment
from pipelines.errors import UserError

CONFIGS = Path(__file__).parents[3] / "configs"


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_comes_back_as_it_was(path: Path, tmp_path: Path) -> None:
    experiment = load_experiment(path)
    write_experiment(experiment, tmp_path)
    assert read_experiment(tmp_path) == experiment


def test_relative_paths_are_found_from_another_working_folder(
    small_dataset: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, experiment: Experiment
) -> None:
    (tmp_path / "runs/pumps").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    fields = {"documents": Path("data/documents"), "questions": Path("data/questions.jsonl")}
    economics = experiment.economics.model_copy(update={"price_book": "prices.yaml"})
    dataset = experiment.dataset.model_copy(update=fields)
    write_experiment(experiment.model_copy(update={"dataset": dataset, "economics": economics}), Path("runs/pumps"))
    written = (tmp_path / "runs/pumps/experiment.yaml").read_text(encoding="utf-8")
    assert "documents: ../../data/documents" in written
    assert str(tmp_path) not in written
    monkeypatch.chdir(tmp_path / "elsewhere")
    found = read_experiment(Path("../runs/pumps"))
    assert getattr(found.dataset, "documents").resolve() == tmp_path / "data/documents"  # noqa: B009
    assert Path(str(found.economics.price_book)).resolve() == tmp_path / "prices.yaml"


def test_a_secret_is_written_as_its_name(
    experiment: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_API_KEY", "sk-0123456789")
    written = write_experiment(experiment.model_copy(update={"description": "with sk-0123456789"}), tmp_path)
    assert "with ${OTHER_API_KEY}" in written.read_text(encoding="utf-8")
    assert "sk-0123456789" not in written.read_text(encoding="utf-8")


def test_null_that_means_something_is_kept(experiment: Experiment, tmp_path: Path) -> None:
    data = {**experiment.model_dump(), "llm": {"kind": "openai", "model": "m", "parameters": {"temperature": None}}}
    endpoint = parse_experiment(data)
    write_experiment(endpoint, tmp_path)
    assert getattr(read_experiment(tmp_path).llm, "parameters") == {"temperature": None}  # noqa: B009


def test_a_run_of_an_earlier_version_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"experiment.yaml: not there; run the experiment again"):
        read_experiment(tmp_path)
