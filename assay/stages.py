"""The stages of an experiment, each computed once and kept in the store under its fingerprint."""

import ctypes
import gc
import json
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import cached_property
from pathlib import Path

from assay.experiment import Configuration, Experiment
from assay.fingerprint import dataset_fingerprint, fingerprint, stage_code
from assay.progress import Progress
from assay.store import Entry, Store
from assay.store.content import Make
from assay.store.machine import describe_machine
from eval.leakage import with_tracks
from eval.statistics.seeds import fan_out
from pipelines.corpus import datasets
from pipelines.corpus.sampling import sample
from pipelines.finetuning import trainers
from pipelines.generation import LanguageModel, language_models
from pipelines.generation.prompts import expected, training_pair
from pipelines.pre_retrieval import chunkers
from pipelines.records import Chunk, Dataset, Document, Hits, Question, Split
from pipelines.registry import StageConfig
from pipelines.retrieval import Retriever, Search, retrievers

SEARCH_DEPTH = 10
"""Searches go at least this deep, so that depths share one search and nDCG@10 is measured."""


class Stages:
    """One experiment's stages over one store. Loads what it needs when it is first needed."""

    def __init__(self, experiment: Experiment, store: Store, progress: Progress) -> None:
        self.experiment = experiment
        self.store = store
        self.progress = progress
        self.models: dict[str, LanguageModel] = {}
        self.hits_by_id: Counter[str] = Counter()
        self.misses: Counter[str] = Counter()
        self._chunks: dict[str, list[Chunk]] = {}
        self._by_id: dict[str, dict[str, Chunk]] = {}
        self._searches: dict[str, Search] = {}
        self._entries: dict[str, Entry] = {}
        self._adapters: dict[tuple[str, int], Entry] = {}
        self._model_keys: dict[str, str] = {}
        self.trained_on: Dataset | None = None
        """Where the documents changed after tuning: the dataset whose training pairs the adapters and examples saw."""
        self.machine = describe_machine()

    def _compute(self, key: str, stage: str, make: Make) -> Entry:
        """The store's entry, verified once for each run."""
        if key not in self._entries:
            self._entries[key] = self.store.compute(key, stage, make)
        return self._entries[key]

    @cached_property
    def dataset(self) -> Dataset:
        """The dataset, cut to the sample, with tracks."""
        with self.progress.step("dataset"):
            whole: Dataset = datasets.build(self.experiment.dataset)()
            cut = self.experiment.sample
            sizes: dict[Split, int | None] = {"train": cut.train, "dev": cut.dev, "test": cut.test}
            questions = {split: size for split, size in sizes.items() if size is not None}
            return with_tracks(sample(whole, cut.documents, questions, fan_out(self.experiment.seed, "sample")))

    @property
    def training(self) -> tuple[Question, ...]:
        """The training questions: what adapters are tuned on and worked examples are taken from."""
        return (self.trained_on or self.dataset).split("train")

    @cached_property
    def training_documents(self) -> dict[str, Document]:
        """The documents that the training questions' gold passages point into, by id."""
        return {document.id: document for document in (self.trained_on or self.dataset).documents}

    @cached_property
    def documents(self) -> dict[str, Document]:
        """The documents by id."""
        return {document.id: document for document in self.dataset.documents}

    @cached_property
    def dataset_fingerprint(self) -> str:
        return dataset_fingerprint(self.dataset)

    def model(self, configuration: Configuration) -> LanguageModel:
        """The language model of a configuration, one object for each distinct config."""
        key = self.model_key(configuration)
        if key not in self.models:
            self.models[key] = language_models.build(configuration.llm or self.experiment.llm)
        return self.models[key]

    def locate_models(self) -> None:
        """Find the weights of every configuration. Raises ``UserError`` for a model that is not there."""
        for configuration in self.experiment.configurations:
            _ = self.model(configuration).identity

    def model_key(self, configuration: Configuration) -> str:
        """The key of a configuration's language model in ``models``."""
        if configuration.id not in self._model_keys:
            self._model_keys[configuration.id] = fingerprint(configuration.llm or self.experiment.llm)
        return self._model_keys[configuration.id]

    def chunks(self, configuration: Configuration) -> tuple[Entry, list[Chunk]]:
        """The chunks a configuration's index is made of: of the documents, and of the training pairs if it says so."""
        key = self.chunks_key(configuration)
        entry = self._compute(key, "chunks", lambda folder: self._write_chunks(configuration, folder))
        if entry.content not in self._chunks:
            lines = (entry.folder / "chunks.jsonl").read_text(encoding="utf-8").splitlines()
            self._chunks[entry.content] = [Chunk(**json.loads(line)) for line in lines]
        return entry, self._chunks[entry.content]

    def chunks_key(self, configuration: Configuration) -> str:
        """Fingerprint of a configuration's chunks."""
        chunker = configuration.chunker
        assert chunker is not None
        documents = fingerprint(self.dataset.documents)
        return fingerprint("chunks", chunker, stage_code(chunker), documents, self._indexed_pairs(configuration))

    def _indexed_pairs(self, configuration: Configuration) -> tuple[Question, ...]:
        return self.training if configuration.training_pairs_indexed else ()

    def _write_chunks(self, configuration: Configuration, folder: Path) -> dict[str, float]:
        assert configuration.chunker is not None
        chunks = chunkers.build(configuration.chunker)(self.dataset.documents)
        chunks += [pair_chunk(question) for question in self._indexed_pairs(configuration)]
        lines = "".join(json.dumps(asdict(chunk), ensure_ascii=False) + "\n" for chunk in chunks)
        (folder / "chunks.jsonl").write_text(lines, encoding="utf-8")
        return {"chunks": float(len(chunks))}

    def chunks_by_id(self, configuration: Configuration) -> dict[str, Chunk]:
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
        return fingerprint("index", config, stage_code(config), retriever.identity, content, self.dataset.language)

    def _retriever(self, config: StageConfig) -> Retriever:
        return retrievers.build(config, self.dataset.language)

    def _index(self, config: StageConfig, retriever: Retriever, content: str, chunks: list[Chunk]) -> Entry:
        key = self._index_key(config, retriever, content)
        with self.progress.step(f"index {config.kind}"):
            return self._compute(key, "index", lambda folder: retriever.build(chunks, folder))

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

    def reopen(self, configuration: Configuration) -> Search:
        """The search of a configuration opened afresh, as a server that starts would."""
        self._searches.clear()
        return self.search(configuration)

    def hits(self, configuration: Configuration, queries: Sequence[str]) -> tuple[Entry, list[Hits]]:
        """What the retriever finds for each query, ``SEARCH_DEPTH`` deep or more."""
        retriever = configuration.retriever
        assert retriever is not None
        depth = max(SEARCH_DEPTH, configuration.depth)
        contents = [entry.content for entry in self.indexes(configuration)]
        key = fingerprint("hits", retriever, stage_code(retriever), contents, list(queries), depth)
        entry = self._compute(
            key, "hits", lambda folder: self._write_hits(self.search(configuration), queries, depth, folder)
        )
        rows = json.loads((entry.folder / "hits.json").read_text(encoding="utf-8"))
        return entry, [Hits(tuple(ids), tuple(scores)) for ids, scores in rows]

    def _write_hits(self, search: Search, queries: Sequence[str], depth: int, folder: Path) -> dict[str, float]:
        found = search(list(queries), depth)
        rows = [[list(hits.chunk_ids), list(hits.scores)] for hits in found]
        (folder / "hits.json").write_text(json.dumps(rows), encoding="utf-8")
        return {"queries": float(len(queries))}

    def adapter(self, configuration: Configuration, seed: int) -> Entry | None:
        """The tuned weights of a configuration for one seed; ``None`` for the base model."""
        if configuration.finetuning is None:
            return None
        # Every prompt asks for it, and its key is a hash over all training pairs.
        if (configuration.id, seed) not in self._adapters:
            self._adapters[configuration.id, seed] = self._adapter(configuration, seed)
        return self._adapters[configuration.id, seed]

    def _adapter(self, configuration: Configuration, seed: int) -> Entry:
        config, model = configuration.finetuning, self.model(configuration)
        assert config is not None
        pairs = [training_pair(question) for question in self.training]
        stream = self._training_seed(seed)
        key = self.adapter_key(configuration, seed)

        def train(folder: Path) -> dict[str, float]:
            network, tokenizer = model.trainable()
            trainer = trainers.build(config)
            with self.progress.training(f"tuning, seed {seed}") as report:
                quantities = trainer(
                    network, tokenizer, pairs, folder, base_name=model.name, seed=stream, progress=report
                )
            del network
            give_back_memory()
            return dict(quantities)

        return self._compute(key, "adapter", train)

    def finished_key(self, configuration: Configuration) -> str:
        """Fingerprint of everything a configuration's answers depend on, for telling a plan that they are stored."""
        experiment = self.experiment
        asked = (experiment.prompts, experiment.prompt_questions, experiment.max_new_tokens)
        seeds = (experiment.seed, experiment.seeds, experiment.latency)
        identity = self.model(configuration).identity
        return fingerprint(configuration.model_dump(), asked, seeds, identity, self.dataset_fingerprint)

    def adapter_key(self, configuration: Configuration, seed: int) -> str:
        """Fingerprint of a configuration's adapter for one seed."""
        config = configuration.finetuning
        assert config is not None
        pairs = [training_pair(question) for question in self.training]
        stream = self._training_seed(seed)
        return fingerprint("adapter", config, stage_code(config), self.model(configuration).identity, pairs, stream)

    def _training_seed(self, seed: int) -> int:
        # Training libraries take seeds of 32 bits.
        return fan_out(self.experiment.seed, "finetuning", str(seed)) % 2**32


def give_back_memory() -> None:
    """Return freed memory to the system: after tuning glibc keeps about half a gigabyte of it to itself."""
    gc.collect()
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL("libc.so.6").malloc_trim(0)


def pair_chunk(question: Question) -> Chunk:
    """A training pair as a passage of its own."""
    text = f"Question: {question.text}\nAnswer: {expected(question)}"
    return Chunk(f"pair:{question.id}", f"pair:{question.id}", 0, len(text), text, text)
