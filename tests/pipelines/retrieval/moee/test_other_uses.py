"""MoEE as an embedder inside dense search, and as a reranker."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from pipelines.errors import UserError
from pipelines.learning import Labelled, Learner, Material
from pipelines.post_retrieval import Found, post_processors
from pipelines.records import Chunk
from pipelines.retrieval import retrievers
from pipelines.retrieval.embedders import embedders
from pipelines.retrieval.moee.encoder import encoder_of
from pipelines.retrieval.moee.fitting import save_statistics

TEXTS = ["A cat sleeps.", "The pump leaks at its seal.", "Invoices are paid in 14 days.", "Green paint", "Nothing"]
CHUNKS = tuple(Chunk(f"c{place}", f"d{place}", 0, len(text), text, text) for place, text in enumerate(TEXTS))


@pytest.fixture
def model(model_folder: Callable[..., Path]) -> dict[str, Any]:
    return {"kind": "moee_virtual", "name": str(model_folder("llama")), "experts": 8}


def test_an_embedder_gives_unit_vectors(model: dict[str, Any]) -> None:
    embedder = embedders.build(embedders.parse(model))
    rows = embedder.embed_documents(TEXTS)
    assert rows.shape == (5, embedder.dimension) == (5, 32 + 24)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(embedder.embed_queries(TEXTS), rows)
    assert embedder.name.startswith("virtual llama (MoEE, sum")


def test_dense_search_finds_what_the_retriever_finds(model: dict[str, Any], tmp_path: Path) -> None:
    dense, moee = ({"kind": "dense", "embedder": model, "index": "exact"}, {**model, "index": "exact"})
    found = []
    for place, settings in enumerate((dense, moee)):
        retriever, folder = retrievers.build(retrievers.parse(settings), "en"), tmp_path / str(place)
        folder.mkdir()
        retriever.build(CHUNKS, folder)
        found.append(retriever.open(CHUNKS, folder, ())(["A dog sleeps."], 5))
    assert found[0][0].chunk_ids == found[1][0].chunk_ids
    assert found[0][0].scores == pytest.approx(found[1][0].scores, abs=2e-6)


def test_an_embedder_takes_the_statistics_of_a_corpus(model: dict[str, Any], tmp_path: Path) -> None:
    settled = embedders.parse({**model, "combine": "hs", "normalise": "corpus", "statistics": str(tmp_path)})
    statistics = save_statistics(encoder_of(settled), settled, TEXTS, tmp_path)  # type: ignore[arg-type]
    assert statistics
    rows = encoder_of(settled).embed_documents(TEXTS)[:, :32]  # type: ignore[arg-type]
    z = (rows - rows.mean(0)) / rows.std(0, ddof=1)
    expected = z / np.linalg.norm(z, axis=1, keepdims=True)
    np.testing.assert_allclose(embedders.build(settled).embed_documents(TEXTS), expected, atol=1e-4)


def test_an_index_refuses_an_embedder_with_other_statistics(model: dict[str, Any], tmp_path: Path) -> None:
    def retriever(texts: list[str], name: str) -> Any:
        folder = tmp_path / name
        folder.mkdir()
        settled = {**model, "normalise": "corpus", "statistics": str(folder)}
        config = embedders.parse(settled)
        save_statistics(encoder_of(config), config, texts, folder)  # type: ignore[arg-type]
        return retrievers.build(retrievers.parse({"kind": "dense", "embedder": settled, "index": "exact"}), "en")

    first, second = retriever(TEXTS, "first"), retriever(TEXTS[:3], "second")
    index = tmp_path / "index"
    index.mkdir()
    first.build(CHUNKS, index)
    with pytest.raises(UserError, match=r"z-scored by the statistics \w+.*z-scored by the statistics") as error:
        second.open(CHUNKS, index, ())
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("fields", [{"normalise": "corpus"}, {"statistics": "somewhere"}])
def test_statistics_and_normalising_belong_together(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="belong together"):
        embedders.parse({"kind": "moee_virtual", **fields})


def test_an_embedder_has_no_dev_questions() -> None:
    with pytest.raises(ValidationError):
        embedders.parse({"kind": "moee_virtual", "alpha": "dev"})


def found(query: str = "A dog sleeps.") -> list[Found]:
    return [Found(query, CHUNKS)]


def test_a_reranker_orders_as_the_retriever_does(model: dict[str, Any], tmp_path: Path) -> None:
    retriever = retrievers.build(retrievers.parse({**model, "index": "exact"}), "en")
    retriever.build(CHUNKS, tmp_path)
    (expected,) = retriever.open(CHUNKS, tmp_path, ())(["A dog sleeps."], 5)
    reranker = post_processors.build(post_processors.parse(model))
    assert not isinstance(reranker, Learner)
    (one,) = reranker(found(), None)  # type: ignore[arg-type]
    assert tuple(chunk.id for chunk in one.chunks) == expected.chunk_ids


def test_a_reranker_fits_what_it_is_told_to(model: dict[str, Any], tmp_path: Path) -> None:
    settings = {**model, "normalise": "corpus", "alpha": "dev", "index": "exact"}
    material = Material(CHUNKS, (), (Labelled("A dog sleeps.", {"c3": 1}),), 0)
    retriever: Any = retrievers.build(retrievers.parse(settings), "en")
    retriever.learn(material, (), tmp_path, lambda *_: None)
    retriever.build(CHUNKS, tmp_path)
    (expected,) = retriever.open(CHUNKS, tmp_path, ())(["Seals and pumps"], 5)

    del settings["index"]
    learner: Any = post_processors.build(post_processors.parse(settings))
    assert isinstance(learner, Learner)
    folder = tmp_path / "reranker"
    folder.mkdir()
    assert "alpha" in learner.fit(material, folder, lambda *_: None)
    (one,) = learner.open(folder)(found("Seals and pumps"), None)
    assert tuple(chunk.id for chunk in one.chunks) == expected.chunk_ids
