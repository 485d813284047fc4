import numpy as np
import pytest
from pydantic import ValidationError

from pipelines.errors import UserError
from pipelines.retrieval.embedders import Embedder, embedders

FAKE = "langchain_core.embeddings.DeterministicFakeEmbedding"


def build(path: str = FAKE, **options: object) -> Embedder:
    return embedders.build(embedders.parse({"kind": "langchain", "embeddings": path, "options": options}))


def test_any_embeddings_class_serves_and_rows_are_unit_vectors() -> None:
    embedder = build(size=12)
    rows = embedder.embed_documents(["a", "b", "a"])
    assert rows.shape == (3, 12) == (3, embedder.dimension)
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-6)
    assert np.array_equal(rows[0], rows[2])
    assert np.array_equal(rows[1], embedder.embed_queries(["b"])[0])


def test_no_texts_give_no_rows() -> None:
    assert build(size=12).embed_documents([]).shape == (0, 12)


def test_tokens_are_words_and_marks() -> None:
    assert build(size=12).count_tokens(["It leaks, again.", ""]) == [5, 0]


def test_identity_depends_on_class_and_options() -> None:
    assert build(size=12).identity == build(size=12).identity != build(size=13).identity


@pytest.mark.parametrize(
    ("path", "options", "message"),
    [
        ("no_such_package.Embeddings", {}, "cannot be imported"),
        ("langchain_core.embeddings.NoSuchClass", {}, "cannot be imported"),
        ("langchain_core.documents.Document", {}, "is no LangChain Embeddings class"),
        (FAKE, {"size": "many"}, "refuses its options"),
    ],
)
def test_what_cannot_serve_is_one_line_for_the_user(path: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        build(path, **options).embed_queries(["x"])
    assert "\n" not in str(caught.value)


def test_a_path_needs_module_and_class() -> None:
    with pytest.raises(ValidationError):
        build("Embeddings")
