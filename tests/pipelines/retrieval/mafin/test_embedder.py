from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from assay.fingerprint import fingerprint
from pipelines.errors import UserError
from pipelines.learning import Material
from pipelines.retrieval import retrievers
from pipelines.retrieval.embedders import embedders


@pytest.mark.slow
def test_a_trained_mafin_embeds_as_its_index_did(
    settings: Callable[..., dict[str, Any]], tiny_encoder: Path, material: Material, tmp_path: Path
) -> None:
    black_box = {"kind": "sentence_transformers", "name": str(tiny_encoder)}
    changes = {"black_box": black_box, "weight": 0.25, "steps": 2}
    retriever = retrievers.build(retrievers.parse(settings(**changes)), "en")
    retriever.learn(material, (), tmp_path, lambda step, steps, loss: None)  # type: ignore[attr-defined]
    retriever.build(material.chunks, tmp_path)
    config = {"kind": "mafin", "folder": str(tmp_path), "black_box": black_box, "augmenter": {"max_length": 16}}
    embedder = embedders.build(embedders.parse(config))
    rows = embedder.embed_documents([chunk.indexed for chunk in material.chunks])
    assert rows == pytest.approx(np.load(tmp_path / "embeddings.npy"), abs=1e-6)
    assert embedder.dimension == rows.shape[1] == 64


def test_a_folder_without_a_trained_mafin_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=r"holds no weight\.json"):
        embedders.build(embedders.parse({"kind": "mafin", "folder": str(tmp_path)}))


def test_its_weights_are_part_of_what_an_experiment_depends_on(tmp_path: Path) -> None:
    """A dense retriever over it has a fingerprint, which changes with the weights; a folder that has gone is named."""
    weight = tmp_path / "trained/weight.json"
    weight.parent.mkdir()

    def parsed(value: str) -> Any:
        weight.write_text(value)
        embedder = {"kind": "mafin", "folder": "trained"}
        return retrievers.parse({"kind": "dense", "embedder": embedder}, {"folder": tmp_path})

    one, same, other = parsed("0.5"), parsed("0.5"), parsed("0.6")
    assert fingerprint(one) == fingerprint(same) != fingerprint(other)
    assert one.embedder.folder == str(weight.parent)
    weight.unlink()
    with pytest.raises(UserError, match="trained: the trained Mafin that embeds is not there any more"):
        retrievers.build(one, "en")
