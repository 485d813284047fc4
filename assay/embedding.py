"""Sentence vectors for the similarity metric and the leakage guard, each computed once and kept in the store."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assay.fingerprint import fingerprint
from assay.store import Store
from eval.leakage import Neighbour, check_neighbours, find_neighbours
from pipelines.retrieval.embedders import embedders

if TYPE_CHECKING:
    from assay.stages import Stages


def remembered_embedding(store: Store) -> Callable[[Sequence[str]], NDArray[np.float32]]:
    """A function from texts to unit vectors ``[n, dimension]`` of the embedded embedder."""
    embedder = embedders.build(embedders.parse("embedded"))
    records = store.records("vectors")
    known: dict[str, list[float]] = {}

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        keys = [fingerprint(embedder.identity, text) for text in texts]
        known.update(records.get_many(key for key in keys if key not in known))
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if missing:
            vectors = embedder.embed_documents(list(missing.values()))
            fresh = {key: [float(x) for x in vector] for key, vector in zip(missing, vectors, strict=True)}
            records.put_many(fresh)
            known.update(fresh)
        return np.array([known[key] for key in keys], dtype=np.float32)

    return embed


def neighbours(stages: "Stages") -> list[Neighbour]:
    """Questions of dev and test that are close to one of train. Raises ``UserError`` where their answers match too and
    no fact id exempts them."""
    train = stages.dataset.split("train")
    held_out = stages.dataset.split("dev") + stages.dataset.split("test")
    texts = [question.text for question in (*train, *held_out)]
    vectors = stages.embed(texts) if train and held_out else np.zeros((len(texts), 1), dtype=np.float32)
    found = find_neighbours(train, held_out, vectors[: len(train)], vectors[len(train) :])
    check_neighbours(found)
    return found
