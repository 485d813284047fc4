"""Tuned weights written for use elsewhere."""

from pathlib import Path
from typing import Any

import pytest

from assay.export.weights import export_weights
from pipelines.errors import UserError


class _Entry:
    def __init__(self, folder: Path) -> None:
        self.folder = folder


@pytest.fixture
def pipeline(tmp_path: Path) -> Any:
    """What the export asks of a pipeline: the stored entry of its tuned weights."""
    from types import SimpleNamespace

    entry = tmp_path / "entry"
    entry.mkdir()
    for name in ("adapter_config.json", "adapter_model.safetensors", "manifest.json"):
        (entry / name).write_text(name, encoding="utf-8")
    stages = SimpleNamespace(adapter=lambda configuration, seed: _Entry(entry))
    return SimpleNamespace(stages=stages, configuration=SimpleNamespace(id="lora"), seed=0)


def test_the_adapter_goes_out_without_the_stores_own_files(pipeline: Any, tmp_path: Path) -> None:
    export_weights(pipeline, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]


def test_a_full_folder_and_untuned_weights_are_refused(pipeline: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not empty"):
        export_weights(pipeline, tmp_path / "entry")
    pipeline.stages.adapter = lambda configuration, seed: None
    with pytest.raises(UserError, match="lora: its weights are the base model's"):
        export_weights(pipeline, tmp_path / "out")
