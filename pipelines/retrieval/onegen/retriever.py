"""OneGen as a retriever that learns, and as a search that writes the answers itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pipelines.generation import LanguageModel
from pipelines.learning import Labelled, Material, Report
from pipelines.records import Answer, Chunk, Hits
from pipelines.registry import StageConfig
from pipelines.retrieval import Search
from pipelines.retrieval.dense import Dense, DenseConfig, Nearest
from pipelines.retrieval.onegen import sentence_index
from pipelines.retrieval.onegen.config import OneGenConfig
from pipelines.retrieval.onegen.encoder import Encoder, unit
from pipelines.retrieval.onegen.engine import Context, Engine
from pipelines.retrieval.onegen.sequences import asked, read
from pipelines.retrieval.writing import Allowed, Budget, Wrote

_HARD = 20
"""Hits of the first search that hard negatives are drawn from."""
_QUERIES_AT_ONCE = 64


@dataclass(frozen=True)
class OneGen:
    """Implements ``LearningRetriever``."""

    config: OneGenConfig
    llm: LanguageModel

    @property
    def parts(self) -> tuple[StageConfig, ...]:
        """The search for hard negatives, while there is something to learn."""
        return (self.config.negatives_from,) if self.learns else ()

    @property
    def identity(self) -> str:
        """The base model's."""
        return Encoder(self.llm, None, self.config).identity

    @property
    def learns(self) -> bool:
        """Whether the model is tuned."""
        return self.config.epochs > 0

    def learn(self, material: Material, parts: Sequence[Search], folder: Path, report: Report) -> Mapping[str, float]:
        """Tune on the train questions and write the adapter into ``folder``. Raises ``UserError`` where there are none,
        and for a model that cannot be tuned."""
        from pipelines.finetuning.lora import save_adapter
        from pipelines.retrieval.onegen.adapter import adapted, prepared
        from pipelines.retrieval.onegen.lessons import question_lessons
        from pipelines.retrieval.onegen.sequences import document
        from pipelines.retrieval.onegen.training import train

        config = self.config
        network, vocabulary = prepared(self.llm)
        texts = {chunk.id: chunk.text for chunk in material.chunks}
        indexed = {chunk.id: chunk.indexed for chunk in material.chunks}
        lessons = question_lessons(_with_hits(material.train, parts), texts, vocabulary, config.max_length)
        by_sentence = config.vectors == "sentence"
        model = adapted(network, vocabulary, config, material.seed)
        measured = train(
            model,
            lessons,
            lambda name: document(vocabulary, indexed[name], config.max_length, by_sentence=by_sentence),
            list(indexed),
            config,
            material.seed,
            report,
        )
        save_adapter(model, folder, self.llm.name)
        return measured

    def build(self, chunks: Sequence[Chunk], folder: Path) -> Mapping[str, float]:
        """Write the vectors beside the adapter."""
        encoder = Encoder(self.llm, folder, self.config)
        if self.config.vectors == "sentence":
            return sentence_index.build(encoder, chunks, folder)
        return self._dense(encoder).build(chunks, folder)

    def open(self, chunks: Sequence[Chunk], folder: Path, parts: Sequence[Search]) -> "OneGenSearch":
        """The search by the model's vectors, which also writes."""
        encoder = Encoder(self.llm, folder, self.config)
        if self.config.vectors == "sentence":
            nearest = sentence_index.open_vectors(encoder, chunks, folder)
        else:
            nearest = self._dense(encoder).open_vectors(chunks, folder)
        return OneGenSearch(encoder, nearest, {chunk.id: chunk for chunk in chunks})

    def _dense(self, encoder: Encoder) -> Dense:
        return Dense(DenseConfig(index=self.config.index), encoder)


@dataclass(frozen=True)
class OneGenSearch:
    """A ``Search`` and a ``WritingSearch`` over one index; ``context`` is how the engine reads."""

    encoder: Encoder
    nearest: Nearest
    chunks: Mapping[str, Chunk]
    context: Context = "cached"

    def __call__(self, queries: Sequence[str], depth: int) -> list[Hits]:
        """What the state at each question's first [RQ] finds."""
        found: list[Hits] = []
        for start in range(0, len(queries) if self.chunks else 0, _QUERIES_AT_ONCE):
            found += self.nearest(self.encoder.embed_queries(queries[start : start + _QUERIES_AT_ONCE]), depth)
        return found or [Hits((), ())] * len(queries)

    @cached_property
    def engine(self) -> Engine:
        """The generator, over the same weights as the vectors."""
        return Engine(self.encoder.network, self.encoder.vocabulary)

    def write(self, questions: Sequence[str], budget: Budget, allowed: Allowed) -> list[Wrote]:
        """One question after the other, each in one pass. A passage is read once for a question: a later search takes
        the best one that was not read yet."""
        return [self._write(place, text, budget, allowed) for place, text in enumerate(questions)]

    def _write(self, place: int, question: str, budget: Budget, allowed: Allowed) -> Wrote:
        vocabulary, longest = self.encoder.vocabulary, self.encoder.config.max_length
        chunks: list[Chunk] = []

        def seek(state: Any, room: int) -> list[int]:
            fresh = self._fresh(state, place, budget.depth, chunks, allowed)
            chunks.extend(fresh)
            return read(vocabulary, [chunk.text for chunk in fresh], min(longest, max(0, room // max(1, len(fresh)))))

        written = self.engine.write(
            asked(vocabulary, question),
            vocabulary.roles.query,
            seek,
            searches=budget.searches,
            max_new_tokens=budget.max_new_tokens,
            context=self.context,
        )
        text = vocabulary.decode(written.parts[-1])
        answer = Answer(text, written.read, written.output, written.seconds)
        times = {
            "retrieve": written.seeking,
            "prefill": written.first - written.seeking,
            "decode": written.seconds - written.first,
        }
        return Wrote(answer, tuple(chunks), written.passes, times)

    def _fresh(self, state: Any, place: int, count: int, seen: Sequence[Chunk], allowed: Allowed) -> list[Chunk]:
        """The ``count`` best allowed chunks not seen yet; the search goes twice as deep until it has them."""
        row, depth = unit(state[None]), count + len(seen)
        while True:
            (found,) = self.nearest(row, depth)
            chunks = [self.chunks[name] for name in found.chunk_ids]
            fresh = [chunk for chunk in chunks if chunk not in seen and allowed(place, chunk)]
            if len(fresh) >= count or len(found.chunk_ids) < depth:
                return fresh[:count]
            depth *= 2


def _with_hits(questions: Sequence[Labelled], parts: Sequence[Search]) -> list[Labelled]:
    """The questions with what the first part finds for them."""
    found = parts[0]([one.query for one in questions], _HARD) if parts and questions else []
    return [replace(one, hits=hits) for one, hits in zip(questions, found, strict=True)] if found else [*questions]
