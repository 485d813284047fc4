"""The training pairs whose questions are nearest to the query: worked examples that fit (Liu et al. 2022).

Searches only where training pairs are indexed beside the documents (chunks whose id starts with ``pair:``, with the
text ``Question: ...`` and, on a line of its own, ``Answer: ...``); question is compared with question, so that words of
the answers do not count.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import Field

from pipelines.records import Chunk
from pipelines.registry import StageConfig
from pipelines.retrieval import Retriever, Search, retrievers
from pipelines.retrieval.dense import Dense, DenseConfig
from pipelines.retrieval.embedders import EmbedderField, embedders
from pipelines.retrieval.embedders.embedded import EmbeddedConfig

_PAIR, _QUESTION, _ANSWER = "pair:", "Question: ", "\nAnswer: "


class NearestPairsConfig(StageConfig):
    """The training pairs whose questions are nearest; finds nothing where no pairs are indexed."""

    kind: Literal["nearest_pairs"] = "nearest_pairs"
    embedder: EmbedderField = Field(default=EmbeddedConfig(), description="the model that embeds the questions")


@dataclass(frozen=True)
class NearestPairs:
    """An exact dense search over the questions of the pairs."""

    questions: Dense

    parts = ()

    @property
    def identity(self) -> str:
        """The embedder's."""
        return self.questions.identity

    def build(self, chunks: Sequence[Chunk], folder: Path) -> Mapping[str, float]:
        """Write the vectors of the questions, in the pairs' order."""
        return self.questions.build(_questions(chunks), folder)

    def open(self, chunks: Sequence[Chunk], folder: Path, parts: Sequence[Search]) -> Search:
        """The search over the pairs among ``chunks``; scores are cosines."""
        return self.questions.open(_questions(chunks), folder, ())


def _questions(chunks: Sequence[Chunk]) -> list[Chunk]:
    """The pairs, indexed by their question alone. The last line of an answer's form ends the question."""
    pairs = [chunk for chunk in chunks if chunk.id.startswith(_PAIR)]
    return [replace(pair, indexed=pair.text.rpartition(_ANSWER)[0].removeprefix(_QUESTION)) for pair in pairs]


@retrievers.kind(NearestPairsConfig)
def nearest_pairs(config: NearestPairsConfig, language: str) -> Retriever:
    """The language is the embedder's own matter."""
    return NearestPairs(Dense(DenseConfig(embedder=config.embedder, index="exact"), embedders.build(config.embedder)))
