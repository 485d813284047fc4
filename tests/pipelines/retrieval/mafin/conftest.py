"""A black box whose vectors say nothing, a tiny random encoder beside it, and pairs that only the encoder can learn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.learning import Labelled, Material
from pipelines.records import Chunk

WORDS = ("pump", "valve", "seal", "rotor", "gasket", "bearing", "flange", "hose")
ASKED = ("kestrel", "orison", "sable", "veldt", "marten", "quill", "tamar", "lomond")


@dataclass
class RandomBox:
    """An ``Embedder``: a random unit vector for each text. ``batches`` records what it was asked; the call after
    ``breaks_after`` of them raises."""

    dimension: int = 16
    name: str = "random"
    breaks_after: int | None = None
    batches: list[list[str]] = field(default_factory=list)

    @property
    def identity(self) -> str:
        return f"random of {self.name}"

    @property
    def asked(self) -> list[str]:
        return [text for batch in self.batches for text in batch]

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if len(self.batches) == self.breaks_after:
            raise ConnectionError("429 too many requests\nretry later")
        self.batches.append(list(texts))
        rows = np.array([self._row(text) for text in texts], dtype=np.float32).reshape(len(texts), self.dimension)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    embed_queries = embed_documents

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def _row(self, text: str) -> NDArray[np.float64]:
        seed = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
        return np.random.default_rng(seed).standard_normal(self.dimension)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Vectors are kept in a folder of the test's own."""
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("pipelines.retrieval.vector_memory._made", {})
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def tiny_encoder(tiny_bert: Callable[..., Path]) -> Path:
    """The folder of a four-layer BERT with random weights."""
    return tiny_bert()


@pytest.fixture
def chunks() -> list[Chunk]:
    texts = [f"The {word} is number {number}." for number, word in enumerate(WORDS)]
    return [Chunk(f"c{n}", f"d{n}", 0, len(text), text, text) for n, text in enumerate(texts)]


@pytest.fixture
def material(chunks: list[Chunk]) -> Material:
    """Eight questions, each with one passage that shares no word with it; dev asks the same."""
    labelled = tuple(Labelled(f"What about {word}?", {f"c{n}": 1}) for n, word in enumerate(ASKED))
    return Material(chunks, labelled, labelled, seed=0)


@pytest.fixture
def settings(tiny_encoder: Path) -> Callable[..., dict[str, Any]]:
    """A mafin config around the tiny encoder, as a mapping."""

    def make(**changes: Any) -> dict[str, Any]:
        augmenter = {"name": str(tiny_encoder), "layers": 2, "max_length": 16, **changes.pop("augmenter", {})}
        training = {"steps": 30, "queries_per_step": 8, "learning_rate": 3e-3, "evaluations": 3, "patience": 3}
        return {"kind": "mafin", "index": "exact", "weight": 0.5, "augmenter": augmenter, **training, **changes}

    return make


@pytest.fixture
def random_box() -> type[RandomBox]:
    """The class of the black box."""
    return RandomBox
