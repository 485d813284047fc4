"""Several retrievers, merged by reciprocal rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009).

score(chunk) = sum over parts of weight / (k + rank), ranks from 1; a chunk that a part did not find adds nothing.
Ranks and not scores are merged, so parts need no common scale.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from pipelines.records import Chunk, Hits
from pipelines.registry import StageConfig
from pipelines.retrieval import Retriever, RetrieverField, Search, retrievers
from pipelines.retrieval.bm25 import BM25Config
from pipelines.retrieval.dense import DenseConfig


class HybridConfig(StageConfig):
    """Several retrievers merged by reciprocal rank."""

    kind: Literal["hybrid"] = "hybrid"
    parts: tuple[RetrieverField, ...] = Field(
        default=(BM25Config(), DenseConfig()), min_length=2, description="the retrievers to merge"
    )
    weights: tuple[float, ...] = Field(default=(), description="one weight for each part; empty: all count the same")
    depth: int = Field(default=100, ge=1, description="hits taken from each part; never fewer than are asked for")
    k: float = Field(default=60, gt=0, description="the larger, the less the first ranks stand out")

    @model_validator(mode="after")
    def _weights_match_parts(self) -> Self:
        if self.weights and (len(self.weights) != len(self.parts) or min(self.weights) <= 0):
            raise ValueError(f"weights must be {len(self.parts)} positive numbers, one for each part")
        return self


@dataclass(frozen=True)
class Hybrid:
    """Reciprocal rank fusion of parts that are indexed and stored on their own."""

    config: HybridConfig

    identity = ""

    @property
    def parts(self) -> tuple[StageConfig, ...]:
        """The configs of the merged retrievers."""
        return self.config.parts

    def build(self, chunks: Sequence[Chunk], folder: Path) -> Mapping[str, float]:
        """Nothing to write: the parts hold the index."""
        return {}

    def open(self, chunks: Sequence[Chunk], folder: Path, parts: Sequence[Search]) -> Search:
        """The merged search. Equal scores stand in chunk order."""
        place = {chunk.id: number for number, chunk in enumerate(chunks)}
        weights = self.config.weights or (1.0,) * len(parts)

        def search(queries: Sequence[str], depth: int) -> list[Hits]:
            lists = [part(queries, max(depth, self.config.depth)) for part in parts]
            return [fuse(found, weights, self.config.k, depth, place) for found in zip(*lists, strict=True)]

        return search


def fuse(lists: Sequence[Hits], weights: Sequence[float], k: float, depth: int, place: Mapping[str, int]) -> Hits:
    """One query's hits merged by reciprocal rank; ``place`` orders chunks with equal scores."""
    scores: dict[str, float] = {}
    for found, weight in zip(lists, weights, strict=True):
        for rank, chunk_id in enumerate(found.chunk_ids, start=1):
            scores[chunk_id] = scores.get(chunk_id, 0.0) + weight / (k + rank)
    order = sorted(scores, key=lambda chunk_id: (-scores[chunk_id], place[chunk_id]))[:depth]
    return Hits(tuple(order), tuple(scores[chunk_id] for chunk_id in order))


@retrievers.kind(HybridConfig)
def hybrid(config: HybridConfig, language: str) -> Retriever:
    """The parts get the language when the runner builds them."""
    return Hybrid(config)
