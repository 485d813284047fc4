"""Chunks and indexes of an experiment's configurations, each made once and kept in the store."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeGuard

from assay.completions import Counted
from assay.experiment import Configuration
from assay.fingerprint import fingerprint, stage_code
from assay.labels import labelled
from assay.store import Entry
from eval.statistics.seeds import fan_out
from pipelines.generation.prompts import expected
from pipelines.learning import Labelled, Material
from pipelines.pre_retrieval.chunking import chunkers
from pipelines.pre_retrieval.enrichment import enrichments
from pipelines.records import Chunk, Question, Spent
from pipelines.registry import StageConfig, nested
from pipelines.retrieval import LearningRetriever, Retriever, Search, retrievers
from pipelines.retrieval.embedders import embedders
from pipelines.tools import Passages, Tools

if TYPE_CHECKING:
    from assay.stages import Stages

LEARNING_DEPTH = 50
"""How deep the first search goes for the questions a reranker learns from."""


class Indexing:
    """What the retrievers of one experiment search. Opens what it needs when it is first needed."""

    def __init__(self, stages: "Stages") -> None:
        self.stages = stages
        self._chunks: dict[str, list[Chunk]] = {}
        self._by_id: dict[str, dict[str, Chunk]] = {}
        self._searches: dict[str, Search] = {}

    def chunks(self, configuration: Configuration) -> tuple[Entry, list[Chunk]]:
        """The chunks a configuration's index is made of: of the documents, and of the training pairs if it says so."""
        key = self.chunks_key(configuration)
        entry = self.stages.compute(key, "chunks", lambda folder: self._write_chunks(configuration, folder))
        if entry.content not in self._chunks:
            with (entry.folder / "chunks.jsonl").open(encoding="utf-8") as lines:
                self._chunks[entry.content] = [chunk_of(json.loads(line)) for line in lines]
        return entry, self._chunks[entry.content]

    def chunks_key(self, configuration: Configuration) -> str:
        """Fingerprint of a configuration's chunks."""
        assert configuration.chunker is not None
        configs = (configuration.chunker, *configuration.enrichment)
        asks = any("prompt" in type(config).model_fields for config in configs)
        identity = self.stages.model(configuration).identity if asks else {}
        pairs = self._indexed_pairs(configuration)
        code = [stage_code(config) for config in configs]
        return fingerprint("chunks", configs, code, identities(configs), identity, self.stages.documents_key, pairs)

    def _indexed_pairs(self, configuration: Configuration) -> tuple[Question, ...]:
        return self.stages.training if configuration.training_pairs_indexed else ()

    def _write_chunks(self, configuration: Configuration, folder: Path) -> dict[str, float]:
        assert configuration.chunker is not None
        waited, spent = self.stages.completions.waited, Spent()
        with self.stages.progress.step("chunks"):
            chunks = chunkers.build(configuration.chunker)(self.stages.dataset.documents)
            for config in configuration.enrichment:
                complete = Counted(self.stages.completions.base(configuration, f"enriching chunks: {config.kind}"))
                passages = Passages((), self.stages.documents)
                tools = Tools(self.stages.model(configuration), complete, passages, self.stages.dataset.language)
                chunks = enrichments.build(config)(chunks, self.stages.documents, tools)
                spent += complete.spent
        chunks += [pair_chunk(question) for question in self._indexed_pairs(configuration)]
        with (folder / "chunks.jsonl").open("w", encoding="utf-8") as lines:
            lines.writelines(json.dumps(asdict(chunk), ensure_ascii=False) + "\n" for chunk in chunks)
        return {
            "chunks": float(len(chunks)),
            "waited": self.stages.completions.waited - waited,
            "model_seconds": spent.seconds,
            "prompt_tokens": float(spent.prompt_tokens),
            "output_tokens": float(spent.output_tokens),
        }

    def by_id(self, configuration: Configuration) -> dict[str, Chunk]:
        """A configuration's chunks by id."""
        entry, chunks = self.chunks(configuration)
        if entry.content not in self._by_id:
            self._by_id[entry.content] = {chunk.id: chunk for chunk in chunks}
        return self._by_id[entry.content]

    def indexes(self, configuration: Configuration) -> list[Entry]:
        """The index entries behind a configuration's retriever: its own and those of its parts."""
        assert configuration.retriever is not None
        entry, chunks = self.chunks(configuration)
        return self._indexes(configuration.retriever, entry.content, chunks)

    def _indexes(self, config: StageConfig, content: str, chunks: list[Chunk]) -> list[Entry]:
        retriever = self._retriever(config)
        entries = [entry for part in retriever.parts for entry in self._indexes(part, content, chunks)]
        return [*entries, self._index(config, retriever, content, chunks)]

    def index_keys(self, configuration: Configuration) -> list[str]:
        """Fingerprints of a configuration's indexes; they follow from its chunks, which must be in the store."""
        entry, _ = self.chunks(configuration)
        assert configuration.retriever is not None
        return self._index_keys(configuration.retriever, entry.content)

    def _index_keys(self, config: StageConfig, content: str) -> list[str]:
        retriever = self._retriever(config)
        parts = [key for part in retriever.parts for key in self._index_keys(part, content)]
        return [*parts, self._index_key(config, retriever, content)]

    def _index_key(self, config: StageConfig, retriever: Retriever, content: str) -> str:
        learnt = self.stages.labels_key if learns(retriever) else ""
        language = self.stages.dataset.language
        return fingerprint("index", config, stage_code(config), retriever.identity, content, language, learnt)

    def _retriever(self, config: StageConfig) -> Retriever:
        return retrievers.build(config, self.stages.dataset.language)

    def _index(self, config: StageConfig, retriever: Retriever, content: str, chunks: list[Chunk]) -> Entry:
        def make(folder: Path) -> dict[str, float]:
            learnt: dict[str, float] = {}
            needed = retriever.parts
            if learns(retriever):
                parts = [self._open(part, content, chunks) for part in needed]
                started = perf_counter()
                with self.stages.progress.training(f"training {config.kind}") as report:
                    learnt = dict(retriever.learn(material(self.stages, chunks), parts, folder, report))
                learnt["learning_seconds"] = perf_counter() - started
            built = dict(retriever.build(chunks, folder))
            both = {name: learnt[name] + built[name] for name in learnt.keys() & built.keys()}
            return {**learnt, **built, **both}

        key = self._index_key(config, retriever, content)
        with self.stages.progress.step(f"index {config.kind}"):
            return self.stages.compute(key, "index", make)

    def made_by(self, config: StageConfig) -> list[str]:
        """What a retriever and its parts are known by: weights of embedders, the source of a factory of the user's."""
        retriever = self._retriever(config)
        return [*(name for part in retriever.parts for name in self.made_by(part)), retriever.identity]

    def search(self, configuration: Configuration) -> Search:
        """The open search of a configuration."""
        assert configuration.retriever is not None
        entry, chunks = self.chunks(configuration)
        return self._open(configuration.retriever, entry.content, chunks)

    def _open(self, config: StageConfig, content: str, chunks: list[Chunk]) -> Search:
        key = fingerprint(config, content)
        if key not in self._searches:
            retriever = self._retriever(config)
            parts = [self._open(part, content, chunks) for part in retriever.parts]
            folder = self._index(config, retriever, content, chunks).folder
            self._searches[key] = retriever.open(chunks, folder, parts)
        return self._searches[key]

    def close(self) -> None:
        """Forget what is open, as a server that starts would know nothing yet."""
        self._searches.clear()


def pair_chunk(question: Question) -> Chunk:
    """A training pair as a passage of its own."""
    text = f"Question: {question.text}\nAnswer: {expected(question)}"
    return Chunk(f"pair:{question.id}", f"pair:{question.id}", 0, len(text), text, text)


def material(stages: "Stages", chunks: Sequence[Chunk], search: Search | None = None) -> Material:
    """The labelled questions of train and dev; with a ``search`` also what it finds for them."""

    def labels(questions: Sequence[Question]) -> tuple[Labelled, ...]:
        found = search([q.text for q in questions], LEARNING_DEPTH) if search and questions else None
        return labelled(questions, chunks, found)

    seed = fan_out(stages.experiment.seed, "learning") % 2**32
    return Material(chunks, labels(stages.training), labels(stages.dataset.split("dev")), seed)


def identities(configs: Sequence[StageConfig]) -> list[str]:
    """What the embedders inside these configs are known by: their weights, dtype and device."""
    kinds = {kind.config for kind in embedders.kinds().values()}
    return [embedders.build(one).identity for config in configs for one in nested(config) if type(one) in kinds]


def chunk_of(row: dict[str, Any]) -> Chunk:
    """A chunk from its JSON form."""
    return Chunk(**{**row, "parent": tuple(row["parent"]) if row["parent"] else None})


def learns(retriever: Retriever) -> TypeGuard[LearningRetriever]:
    """Whether the retriever is trained on the dataset's questions before its index is built."""
    return isinstance(retriever, LearningRetriever) and retriever.learns
