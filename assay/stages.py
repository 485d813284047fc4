"""The stages of an experiment, each computed once and kept in the store under its fingerprint."""

from collections import Counter
from functools import cached_property

from assay.completions import Completions
from assay.embedding import remembered_embedding
from assay.experiment import Configuration, Experiment
from assay.fingerprint import dataset_fingerprint, fingerprint
from assay.indexing import Indexing
from assay.interventions import Interventions
from assay.progress import Progress
from assay.retrieval import Retrieval
from assay.store import Entry, Store
from assay.store.content import Make
from assay.store.machine import describe_machine
from assay.tuning import Tuning
from eval.leakage import with_tracks
from eval.scores import Embed
from eval.statistics.seeds import fan_out
from pipelines.corpus import datasets
from pipelines.corpus.sampling import sample
from pipelines.generation import LanguageModel, language_models
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
        self._model_keys: dict[str, str] = {}
        self.before: Stages | None = None
        """Where documents changed after tuning: the stages that tuned, whose training pairs the examples are of too."""
        self.machine = describe_machine()
        self.completions = Completions(self)
        self.indexing = Indexing(self)
        self.retrieval = Retrieval(self, self.indexing)
        self.tuning = Tuning(self)
        self.interventions = Interventions(self)

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
        return (self.before or self).dataset.split("train")

    @cached_property
    def training_documents(self) -> dict[str, Document]:
        """The documents that the training questions' gold passages point into, by id."""
        return {document.id: document for document in (self.before or self).dataset.documents}

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
            self.models[key] = self._built(configuration)
        return self.models[key]

    def _built(self, configuration: Configuration) -> LanguageModel:
        """A language model of its own, with nothing loaded yet."""
        return language_models.build(configuration.llm or self.experiment.llm)

    def answering_model(self, configuration: Configuration, seed: int | None) -> LanguageModel:
        """The language model of a configuration, with its intervention in it where it has one; without a training
        ``seed`` the base model."""
        if configuration.intervention is None or seed is None:
            return self.model(configuration)
        return (self.before or self).interventions.model(configuration, seed)

    def fresh_model(self, configuration: Configuration, seed: int) -> LanguageModel:
        """``answering_model`` with nothing loaded yet, for measuring what loading takes."""
        return (self.before or self).interventions.put_into(self._built(configuration), configuration, seed)

    def intervention_key(self, configuration: Configuration, seed: int | None) -> tuple[str, ...]:
        """What answers depend on where an intervention reads along; nothing where none does."""
        if configuration.intervention is None or seed is None:
            return ()
        return ((self.before or self).interventions.key(configuration, seed),)

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
        return (self.before or self).tuning.adapter(configuration, seed)

    def finished_key(self, configuration: Configuration) -> str:
        """Fingerprint of everything a configuration's answers depend on, for telling a plan that they are stored."""
        experiment = self.experiment
        asked = (experiment.prompts, experiment.prompt_questions, experiment.max_new_tokens)
        seeds = (experiment.seed, experiment.seeds, experiment.latency)
        identity = self.model(configuration).identity
        return fingerprint(configuration.model_dump(), asked, seeds, identity, self.dataset_fingerprint)
