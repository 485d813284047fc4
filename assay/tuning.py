"""What the weights of a configuration are tuned on, and the adapters that come of it."""

import ctypes
import gc
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from assay.completions import Counted
from assay.experiment import Configuration
from assay.fingerprint import fingerprint, stage_code
from assay.store import Entry
from eval.leakage import leaking_texts
from eval.metrics.normalise import normalise
from eval.results import Lengths, TrainingCard
from eval.statistics.seeds import fan_out
from pipelines.finetuning import TuningTask, trainers
from pipelines.finetuning.data import Sources, TrainingSet, training_data
from pipelines.generation.prompts import training_pair
from pipelines.pre_retrieval.chunking import chunkers
from pipelines.records import Chunk, Question, TrainingPair
from pipelines.tools import Passages, Tools

if TYPE_CHECKING:
    from assay.stages import Stages

DATA, CARD = "data.json", "card.json"
SEVERAL_WORDS = 4
"""Shorter questions may stand in a prompt by chance."""


class Tuning:
    """The training sets and adapters of one experiment, each kept in the store."""

    def __init__(self, stages: "Stages") -> None:
        self.stages = stages
        self._adapters: dict[tuple[str, int], Entry] = {}
        self._sets: dict[str, tuple[Entry, TrainingSet]] = {}

    def set_key(self, configuration: Configuration) -> str:
        """Fingerprint of a configuration's training set."""
        configs = configuration.training_data
        code = [stage_code(config) for config in configs]
        stages, reads = self.stages, [config for config in configs if config.kind != "pairs"]
        made_of: list[object] = [stages.training, stages.dataset.split("dev"), stages.dataset.split("test")]
        if reads:  # what only copies the train split depends on nothing else
            made_of += [stages.documents_key, stages.model(configuration).identity, configuration.chunker]
            made_of += [configuration.retriever, configuration.enrichment]
        return fingerprint("training_data", configs, code, made_of, stages.experiment.seed)

    def training_set(self, configuration: Configuration) -> tuple[Entry, TrainingSet]:
        """The examples a configuration is tuned on. Pairs that stand in dev or test as well are left out."""
        if configuration.id not in self._sets:
            self._sets[configuration.id] = self._training_set(configuration)
        return self._sets[configuration.id]

    def _training_set(self, configuration: Configuration) -> tuple[Entry, TrainingSet]:
        entry = self.stages.compute(
            self.set_key(configuration), "training_data", lambda folder: self._write(configuration, folder)
        )
        found = json.loads((entry.folder / DATA).read_text(encoding="utf-8"))
        return entry, TrainingSet(tuple(TrainingPair(**row) for row in found["pairs"]), tuple(found["texts"]))

    def _write(self, configuration: Configuration, folder: Path) -> dict[str, float]:
        complete = Counted(self.stages.completions.base(configuration, "writing training data"))
        waited = self.stages.completions.waited
        with self.stages.progress.step("training data"):
            sources = self._sources(configuration, complete)
            made = [training_data.build(config)(sources) for config in configuration.training_data]
            pairs = [pair for one in made for pair in one.pairs]
            kept, repeated, leaking = self._clean(pairs)
            texts = list(dict.fromkeys(text for one in made for text in one.texts))
        data = {"pairs": [asdict(pair) for pair in kept], "texts": texts}
        (folder / DATA).write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        dropped = Counter({"repeated": repeated, "in dev or test": leaking})
        for one in made:
            dropped.update(one.counts)
        card = self._card(configuration, kept, texts, dropped)
        (folder / CARD).write_text(card.model_dump_json(indent=1, exclude={"fingerprint"}), encoding="utf-8")
        return {
            "waited": self.stages.completions.waited - waited,
            "model_seconds": complete.spent.seconds,
            "prompt_tokens": float(complete.spent.prompt_tokens),
            "output_tokens": float(complete.spent.output_tokens),
            "reviewer_minutes": sum(one.reviewer_minutes for one in made),
        }

    def _sources(self, configuration: Configuration, complete: Counted) -> Sources:
        stages = self.stages
        search = stages.indexing.search(configuration) if configuration.retrieved else None
        chunks: list[Chunk]
        if configuration.retrieved:
            _, chunks = stages.indexing.chunks(configuration)
        elif all(config.kind == "pairs" for config in configuration.training_data):
            chunks = []
        else:
            chunks = chunkers.build(chunkers.parse("recursive"))(stages.dataset.documents)
        tools = Tools(
            stages.model(configuration), complete, Passages(chunks, stages.documents), stages.dataset.language
        )
        seed = fan_out(stages.experiment.seed, "training data") % 2**32
        return Sources(stages.training, stages.documents, tools, seed, search)

    def _clean(self, pairs: Iterable[TrainingPair]) -> tuple[list[TrainingPair], int, int]:
        """Each pair once and none that asks what dev or test asks; how many were repeated, and how many leak."""
        pairs = list(pairs)
        distinct = list({(pair.prompt, pair.completion): pair for pair in pairs}.values())
        held_out = self.stages.dataset.split("dev") + self.stages.dataset.split("test")
        asked = [pair.question for pair in distinct if pair.question]
        leaking = leaking_texts(asked, held_out) | _holding(asked, held_out)
        kept = [pair for pair in distinct if pair.question not in leaking]
        return kept, len(pairs) - len(distinct), len(distinct) - len(kept)

    def _card(
        self, configuration: Configuration, pairs: list[TrainingPair], texts: list[str], dropped: dict[str, int]
    ) -> TrainingCard:
        count = self.stages.model(configuration).count_tokens
        lengths = {
            "prompt": count([pair.prompt for pair in pairs]),
            "completion": count([pair.completion for pair in pairs]),
            "text": count(texts),
        }
        return TrainingCard(
            kinds=tuple(config.kind for config in configuration.training_data),
            pairs=len(pairs),
            texts=len(texts),
            left_out=dropped,
            tokens={
                name: Lengths(sum=sum(found), mean=sum(found) / len(found), longest=max(found))
                for name, found in lengths.items()
                if found
            },
        )

    def card(self, configuration: Configuration) -> TrainingCard:
        """The card of a configuration's training set."""
        entry, _ = self.training_set(configuration)
        card = TrainingCard.model_validate_json((entry.folder / CARD).read_text(encoding="utf-8"))
        return card.model_copy(update={"fingerprint": entry.content})

    def adapter(self, configuration: Configuration, seed: int) -> Entry | None:
        """The tuned weights of a configuration for one seed; ``None`` for the base model."""
        if configuration.finetuning is None:
            return None
        # Every prompt asks for it, and its key is a hash over all training pairs.
        if (configuration.id, seed) not in self._adapters:
            entry = self._adapter(configuration, seed)
            if configuration.preference is not None:
                from assay.preferences import Preferences

                entry = Preferences(self.stages).adapter(configuration, seed, entry)
            self.use(configuration, seed, entry)
        return self._adapters[configuration.id, seed]

    def use(self, configuration: Configuration, seed: int, adapter: Entry) -> None:
        """Let a configuration answer with this adapter, whatever its own would be."""
        self._adapters[configuration.id, seed] = adapter

    def _adapter(self, configuration: Configuration, seed: int) -> Entry:
        config, model = configuration.finetuning, self.stages.model(configuration)
        assert config is not None
        _, data = self.training_set(configuration)
        key, stream = self.adapter_key(configuration, seed), self._seed(seed)
        dev = [training_pair(question) for question in self.stages.dataset.split("dev")]
        checkpoints = self.stages.store.root / "checkpoints" / key

        def train(folder: Path) -> dict[str, float]:
            network, tokenizer = model.trainable()
            with self.stages.progress.training(f"tuning, seed {seed}") as report:
                task = TuningTask(network, tokenizer, data, folder, model.name, stream, dev, checkpoints, report)
                quantities = trainers.build(config)(task)
            del network, task
            give_back_memory()
            return dict(quantities)

        return self.stages.compute(key, "adapter", train)

    def adapter_key(self, configuration: Configuration, seed: int) -> str:
        """Fingerprint of a configuration's adapter for one seed; follows from its training set, which is made."""
        config, model = configuration.finetuning, self.stages.model(configuration)
        assert config is not None
        entry, _ = self.training_set(configuration)
        stops = self.stages.dataset.split("dev") if getattr(config, "patience", None) else ()
        return fingerprint(
            "adapter", config, stage_code(config), model.identity, entry.content, stops, self._seed(seed)
        )

    def _seed(self, seed: int) -> int:
        # Training libraries take seeds of 32 bits.
        return fan_out(self.stages.experiment.seed, "finetuning", str(seed)) % 2**32


def _holding(asked: Sequence[str], held_out: Sequence[Question]) -> set[str]:
    """The prompts that hold a held-out question whole, with words of their own around it."""
    kept = [f" {normalise(question.text)} " for question in held_out if len(question.text.split()) >= SEVERAL_WORDS]
    return {text for text in asked if any(question in f" {normalise(text)} " for question in kept)}


def give_back_memory() -> None:
    """Return freed memory to the system: after tuning glibc keeps about half a gigabyte of it to itself."""
    gc.collect()
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL("libc.so.6").malloc_trim(0)
