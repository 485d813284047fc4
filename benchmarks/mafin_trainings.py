"""One dataset for Mafin and its rivals, and the trainings on it, each made once and kept."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.fingerprint import fingerprint
from assay.labels import labelled
from eval.leakage import without_leaks
from pipelines.corpus import datasets
from pipelines.learning import Material
from pipelines.pre_retrieval.chunking import chunkers
from pipelines.pre_retrieval.enrichment.title import titled
from pipelines.records import Chunk, Question
from pipelines.retrieval import LearningRetriever, retrievers
from pipelines.retrieval.embedders import embedders
from pipelines.retrieval.embedders.embedded import EmbeddedConfig
from pipelines.retrieval.mafin.augmenter import Augmenter, AugmenterConfig
from pipelines.retrieval.mafin.black_box import fetch
from pipelines.retrieval.mafin.linear_adapter import AdaptedEmbedder
from pipelines.retrieval.mafin.retriever import MafinConfig
from pipelines.retrieval.mafin.settings import OverBlackBox
from pipelines.retrieval.mafin.task import DEV_PASSAGES, DEV_QUESTIONS

DATA = Path(__file__).parents[2] / "shared/data"
MEASURED = "measured.json"
PUBLISHED = {"weight": 0.8, "smoothing": 0.2, "loss_factor": 0.01, "hard_negatives": 0}
TRAINED: dict[str, dict[str, Any]] = {
    "mafin": {"kind": "mafin", "weight": "dev"},  # trained at 1/2; the weight chosen on dev is an arm of its own
    "linear": {"kind": "linear_adapter"},
    "alone": {"kind": "mafin", "weight": 0.0},
    "learned": {"kind": "mafin", "weight": "learned"},
    "published": {"kind": "mafin", **PUBLISHED},
}

Scores = NDArray[np.float32]
"""Of every test question and chunk, shape (questions, chunks)."""


@dataclass(frozen=True)
class Bench:
    """One dataset with its black box's vectors; documents whole and with their titles."""

    name: str
    chunks: list[Chunk]
    questions: tuple[Question, ...]
    material: Material
    queries: NDArray[np.float32]
    passages: NDArray[np.float32]

    @classmethod
    def load(cls, name: str) -> "Bench":
        """Training questions that stand in dev or test as well are left out."""
        dataset, left = without_leaks(datasets.build(datasets.parse({"kind": "beir", "folder": str(DATA / name)}))())
        chunks = titled(chunkers.build(chunkers.parse("whole_document"))(dataset.documents), dataset.documents)
        train, dev, questions = (dataset.split(split) for split in ("train", "dev", "test"))
        material = Material(chunks, labelled(train, chunks), labelled(dev, chunks), seed=0)
        sizes = f"{len(chunks)} documents, {len(questions)} test questions"
        print(f"## {name}\n{sizes}, {len(material.train)} train ({left} leaks left out), {len(material.dev)} dev.\n")
        black_box = embedders.build(EmbeddedConfig())
        passages = fetch(black_box, [chunk.indexed for chunk in chunks], "documents").vectors
        queries = fetch(black_box, [question.text for question in questions], "queries").vectors
        return cls(name, chunks, questions, material, queries, passages)

    @property
    def black_box(self) -> Scores:
        """The black box's cosines."""
        scores: Scores = self.queries @ self.passages.T
        return scores


@dataclass(frozen=True)
class Trainings:
    """What is trained on one dataset, in folders named after kind, seed and settings."""

    bench: Bench
    changes: Mapping[str, Any]
    work: Path

    def config(self, name: str) -> OverBlackBox:
        """The retriever of training ``name``; ``changes`` are for those with an augmenter."""
        config = retrievers.parse({**({} if name == "linear" else self.changes), **TRAINED[name]})
        assert isinstance(config, OverBlackBox)
        return config

    def folder(self, name: str, seed: int) -> Path:
        """Where the result of a training lies, which is made where there is none."""
        config = self.config(name)
        folder = self.work / self.bench.name / f"{name}-{seed}-{fingerprint(config, DEV_QUESTIONS, DEV_PASSAGES)[:8]}"
        if not (folder / MEASURED).is_file():
            folder.mkdir(parents=True, exist_ok=True)
            retriever = retrievers.build(config, "en")
            assert isinstance(retriever, LearningRetriever)
            material = replace(self.bench.material, seed=seed)
            quantities = retriever.learn(material, (), folder, _shown(f"{self.bench.name} {name} {seed}"))
            (folder / MEASURED).write_text(json.dumps(dict(quantities)), encoding="utf-8")
        return folder

    def measured(self, name: str, seed: int) -> dict[str, float]:
        """What a training measured on train and dev."""
        measured: dict[str, float] = json.loads((self.folder(name, seed) / MEASURED).read_text(encoding="utf-8"))
        return measured

    def own(self, name: str, seed: int) -> Scores:
        """The cosines of a trained augmenter."""
        folder = self.folder(name, seed)
        return self._cosines(folder, lambda config: Augmenter.load(folder / "augmenter", config))

    def start(self) -> Scores:
        """The cosines of the augmenter before training."""
        return self._cosines(self.work / self.bench.name / f"start-{fingerprint(self._augmenter)[:8]}", Augmenter.start)

    def adapted(self, seed: int) -> Scores:
        """The scores of the linear adapter."""
        from safetensors.numpy import load_file

        matrix = load_file(self.folder("linear", seed) / "adapter.safetensors")["matrix"]
        embedder = AdaptedEmbedder(embedders.build(EmbeddedConfig()), matrix)
        queries = embedder.embed_queries([question.text for question in self.bench.questions])
        scores: Scores = queries @ self.bench.passages.T
        return scores

    @property
    def _augmenter(self) -> AugmenterConfig:
        config = self.config("mafin")
        assert isinstance(config, MafinConfig)
        return config.augmenter

    def _cosines(self, folder: Path, opened: Callable[[AugmenterConfig], Augmenter]) -> Scores:
        """Kept in ``folder``."""
        kept = folder / "cosines.npy"
        if not kept.is_file():
            augmenter = opened(self._augmenter)
            queries = augmenter.embed([question.text for question in self.bench.questions], "query")
            passages = augmenter.embed([chunk.indexed for chunk in self.bench.chunks], "document")
            folder.mkdir(parents=True, exist_ok=True)
            np.save(kept, queries @ passages.T)
        cosines: Scores = np.load(kept)
        return cosines


def _shown(name: str) -> Callable[[int, int, float], None]:
    """Prints the loss now and then, as a comment in Markdown."""

    def report(step: int, steps: int, loss: float) -> None:
        if step % 25 == 0 or step == steps:
            print(f"<!-- {name}: step {step} of {steps}, loss {loss:.3f} -->", flush=True)

    return report
