"""The stages of an experiment, each computed once and kept in the store under its fingerprint."""

import ctypes
import gc
import sys
from collections import Counter
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from assay.completions import Completions
from assay.embedding import remembered_embedding
from assay.experiment import Configuration, Experiment
from assay.fingerprint import dataset_fingerprint, fingerprint, stage_code
from assay.indexing import Indexing
from assay.progress import Progress
from assay.retrieval import Retrieval
from assay.store import Entry, Store
from assay.store.content import Make
from assay.store.machine import describe_machine
from eval.leakage import with_tracks
from eval.scores import Embed
from eval.statistics.seeds import fan_out
from pipelines.corpus import datasets
from pipelines.corpus.sampling import sample
from pipelines.finetuning import trainers
from pipelines.generation import LanguageModel, language_models
from pipelines.generation.prompts import training_pair
from pipelines.records import Dataset, Document, Question, Split


class Stages:
    """One experiment's stages over one store. Loads what it needs when it is first needed."""

    def __init__(self, experiment: Experiment, store: Store, progress: Progress) -> None:
        self.experiment = experiment
        self.store = store
        self.progress = progress
        self.models: dict[str, LanguageModel] = {}
        self.hits_by_id: Counter[str] = Counter()
        self.misses: Counter[str] = Counter()
        self._entries: dict[str, Entry] = {}
        self._adapters: dict[tuple[str, int], Entry] = {}
        self._model_keys: dict[str, str] = {}
        self.trained_on: Dataset | None = None
        """Where the documents changed after tuning: the dataset whose training pairs the adapters and examples saw."""
        self.machine = describe_machine()
        self.completions = Completions(self)
        self.indexing = Indexing(self)
        self.retrieval = Retrieval(self, self.indexing)

    def compute(self, key: str, stage: str, make: Make) -> Entry:
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

    @cached_property
    def documents_key(self) -> str:
        """Fingerprint of the documents alone."""
        return fingerprint(self.dataset.documents)

    @cached_property
    def labels_key(self) -> str:
        """Fingerprint of what rerankers, encoders and fusion weights may learn from."""
        return fingerprint("labels", self.training, self.dataset.split("dev"), self.experiment.seed)

    @cached_property
    def embed(self) -> Embed:
        """From texts to unit vectors of the embedded embedder."""
        return remembered_embedding(self.store)

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

        return self.compute(key, "adapter", train)

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
