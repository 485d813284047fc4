"""Tuned weights written for use elsewhere."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assay.export.weights import export_retriever, export_weights
from assay.pipeline import Pipeline
from pipelines.errors import UserError
from pipelines.retrieval.embedders import embedders


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


def test_what_a_retriever_learnt_goes_out_as_an_embedder_reads_it(
    make_pipeline: Callable[..., Pipeline], tmp_path: Path
) -> None:
    pipeline = make_pipeline(retriever={"kind": "mafin", "steps": 0, "weight": "dev", "index": "exact"})
    export_retriever(pipeline, tmp_path / "out")
    embedder = embedders.build(embedders.parse({"kind": "mafin", "folder": str(tmp_path / "out")}))
    (chunk, *_) = pipeline.stages.indexing.chunks(pipeline.configuration)[1]
    rows = np.load(tmp_path / "out/embeddings.npy")
    np.testing.assert_allclose(embedder.embed_documents([chunk.indexed])[0], rows[0], atol=1e-5)
    assert not (tmp_path / "out/manifest.json").exists()


def test_a_retriever_that_learns_nothing_has_nothing_to_export(
    make_pipeline: Callable[..., Pipeline], tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="mine: retriever bm25 learns nothing"):
        export_retriever(make_pipeline(), tmp_path / "out")
    with pytest.raises(UserError, match="mine: it retrieves nothing"):
        export_retriever(make_pipeline(arm="closed_book"), tmp_path / "out")
    linear = {"kind": "linear_adapter", "steps": 1}
    with pytest.raises(
        UserError, match="no embedder reads what retriever linear_adapter learnt; those of mafin and onegen"
    ):
        export_retriever(make_pipeline(retriever=linear), tmp_path / "out")
    assert not (tmp_path / "out").exists()
