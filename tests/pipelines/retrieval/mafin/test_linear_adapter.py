from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.learning import Material
from pipelines.retrieval import retrievers
from pipelines.retrieval.mafin.linear_adapter import AdaptedEmbedder, LinearAdapter, LinearAdapterConfig

MakeBox = Callable[..., Any]


def made(black_box: Any, **settings: Any) -> LinearAdapter:
    config = retrievers.parse({"kind": "linear_adapter", "index": "exact", **settings})
    assert isinstance(config, LinearAdapterConfig)
    return LinearAdapter(config, black_box)


def ranking(adapter: LinearAdapter, material: Material, folder: Path) -> list[tuple[str, ...]]:
    adapter.build(material.chunks, folder)
    found = adapter.open(material.chunks, folder, ())([one.query for one in material.train], 8)
    return [hits.chunk_ids for hits in found]


def test_untrained_it_ranks_as_the_black_box(random_box: MakeBox, material: Material, tmp_path: Path) -> None:
    adapter = made(random_box(), steps=0)
    assert not adapter.learns
    queries, texts = [one.query for one in material.train], [chunk.indexed for chunk in material.chunks]
    cosines = random_box().embed_queries(queries) @ random_box().embed_documents(texts).T
    wanted = [tuple(f"c{place}" for place in np.argsort(-row)) for row in cosines]
    assert ranking(adapter, material, tmp_path) == wanted


@pytest.mark.slow
def test_a_matrix_is_learnt_that_maps_queries_onto_their_passages(
    random_box: MakeBox, material: Material, tmp_path: Path
) -> None:
    adapter = made(random_box(), steps=100, queries_per_step=8, learning_rate=0.02)
    measured = adapter.learn(material, (), tmp_path, lambda step, steps, loss: None)
    assert measured["dev_ndcg_at_10"] == pytest.approx(1)
    assert [names[0] for names in ranking(adapter, material, tmp_path)] == [f"c{n}" for n in range(8)]
    assert {path.suffix for path in tmp_path.iterdir() if path.is_file()} == {".safetensors", ".json", ".npy"}


def test_queries_are_multiplied_and_scaled_to_unit_length(random_box: MakeBox) -> None:
    box = random_box(dimension=2)
    turned = AdaptedEmbedder(box, np.array([[0, -3], [3, 0]], dtype=np.float32))
    (x, y), (found,) = box.embed_queries(["q"])[0], turned.embed_queries(["q"])
    assert found == pytest.approx([-y, x], abs=1e-6)
    assert np.array_equal(turned.embed_documents(["q"]), box.embed_documents(["q"]))
    assert turned.identity != replace(turned, matrix=np.eye(2, dtype=np.float32)).identity
