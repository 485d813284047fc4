from typing import Any

import pytest

from pipelines.errors import UserError
from pipelines.post_retrieval import post_processors
from pipelines.records import Chunk

TEXTS = ("Lunch is served at noon.", "The pump is green.", "Lunch is served at noon.", "A green pump, the kestrel.")


@pytest.mark.slow
def test_passages_are_ordered_by_max_similarity(process: Any) -> None:
    from pipelines.retrieval.embedders.embedded import EmbeddedConfig, embedded

    query = "green kestrel pump"
    made = [Chunk(f"c{n}", f"d{n}", 0, len(text), text, text) for n, text in enumerate(TEXTS)]
    embedder: Any = embedded(EmbeddedConfig())
    (asked,) = embedder.embed_query_tokens([query])
    scores = [float((asked @ tokens.T).max(axis=1).sum()) for tokens in embedder.embed_document_tokens(list(TEXTS))]
    found = process("late_interaction", made, query=query)
    assert [chunk.id for chunk in found] == ["c3", "c1", "c0", "c2"]
    assert scores[3] > scores[1] > scores[0] == pytest.approx(scores[2], abs=1e-4)


def test_an_embedder_without_token_vectors_is_refused() -> None:
    settings = {"kind": "late_interaction", "embedder": {"kind": "langchain", "embeddings": "some.Embeddings"}}
    with pytest.raises(UserError, match="embedder: late_interaction needs the vectors of single tokens"):
        post_processors.build(post_processors.parse(settings))
