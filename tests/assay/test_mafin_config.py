"""The experiment at paper size, run on a small dataset with tiny models of the same architecture."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import assay

ROOT = Path(__file__).parents[2]
MODELS = ("BAAI/bge-base-en-v1.5", "BAAI/bge-small-en-v1.5")


@pytest.fixture(scope="module")
def tiny_models(tiny_bert: Callable[..., Path]) -> dict[str, str]:
    """Folders of two random BERTs of different width, by the name of the model they stand for."""
    return {name: str(tiny_bert(width, 2)) for name, width in zip(MODELS, (32, 16), strict=True)}


def shrunk(value: Any, models: dict[str, str]) -> Any:
    """The experiment with tiny models and three steps in place of thousands."""
    if isinstance(value, dict):
        small = {name: shrunk(one, models) for name, one in value.items()}
        return {**small, "steps": min(3, small["steps"])} if "steps" in small else small
    if isinstance(value, list):
        return [shrunk(one, models) for one in value]
    return models.get(value, value) if isinstance(value, str) else value


@pytest.mark.slow
def test_every_arm_runs(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tiny_models: dict[str, str],
    small_dataset: Callable[[Path], dict[str, str]],
) -> None:
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    written = yaml.safe_load((ROOT / "configs/mafin.yaml").read_text(encoding="utf-8"))
    settings = {**shrunk(written, tiny_models), "dataset": small_dataset(tmp_path / "data")}
    for configuration in settings["configurations"]:
        if configuration["retriever"]["kind"] == "linear_adapter":
            configuration["retriever"]["steps"] = 3
    file = tmp_path / "mafin.yaml"
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    found = assay.retrieve(file, against=["black_box"], store=tmp_path / "store", runs=tmp_path / "runs")
    assert [row.id for row in found.rows] == [configuration["id"] for configuration in written["configurations"]]
    trained = {row.id for row in found.rows if row.train_seconds > 0}
    assert trained == {row.id for row in found.rows} - {"black_box", "untrained"}
    again = assay.retrieve(file, against=["black_box"], store=tmp_path / "store", runs=tmp_path / "runs")
    assert [row.metrics for row in again.rows] == [row.metrics for row in found.rows]
