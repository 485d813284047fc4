"""Several retrievers merged into one ranking.

``rrf`` is reciprocal rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009): ranks and not scores are merged, so parts
need no common scale. ``convex`` is the convex combination of normalised scores (Bruch, Gai and Ingber 2023, "Fusion
Functions for Hybrid Retrieval"), which keeps how far hits lie apart and gains from a tuned weight.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from pipelines.learning import Material, Report
from pipelines.records import Chunk, Hits
from pipelines.registry import StageConfig
from pipelines.retrieval import Retriever, RetrieverField, Search, retrievers
from pipelines.retrieval.bm25 import BM25Config
from pipelines.retrieval.dense import DenseConfig
from pipelines.retrieval.fusion import Place, convex, reciprocal_rank
from pipelines.retrieval.fusion_weight import CUTOFF, best_weight, judged

_LEARNT = "weights.json"


class HybridConfig(StageConfig):
    """Several retrievers merged, by reciprocal rank or by normalised score."""

    kind: Literal["hybrid"] = "hybrid"
    parts: tuple[RetrieverField, ...] = Field(
        default=(BM25Config(), DenseConfig()), min_length=2, description="the retrievers to merge"
    )
    fusion: Literal["rrf", "convex"] = Field(
        default="rrf",
        description="rrf adds reciprocal ranks, convex adds scores that are scaled to 0..1 for each query",
    )
    weights: tuple[float, ...] | Literal["dev"] = Field(
        default=(),
        description="one weight for each part; empty: all count the same; dev: chosen for two parts by nDCG@10 on dev",
    )
    minima: tuple[float, ...] = Field(
        default=(),
        description="for convex: the least score each part can give (bm25 0, dense -1); empty: the least of its hits",
    )
    depth: int = Field(default=100, ge=1, description="hits taken from each part; never fewer than are asked for")
    k: float = Field(default=60, gt=0, description="for rrf: the larger, the less the first ranks stand out")

    @model_validator(mode="after")
    def _values_match_parts(self) -> Self:
        parts = len(self.parts)
        if self.weights == "dev" and parts != 2:
            raise ValueError(f"weights: dev chooses between two parts, not {parts}; give one number for each")
        if self.weights and self.weights != "dev" and (len(self.weights) != parts or min(self.weights) <= 0):
            raise ValueError(f"weights must be {parts} positive numbers, one for each part, or dev")
        if self.minima and (self.fusion != "convex" or len(self.minima) != parts):
            raise ValueError(f"minima belong to fusion: convex and must be {parts} numbers, one for each part")
        return self


@dataclass(frozen=True)
class Hybrid:
    """Fusion of parts that are indexed and stored on their own."""

    config: HybridConfig

    identity = ""

    @property
    def parts(self) -> tuple[StageConfig, ...]:
        """The configs of the merged retrievers."""
        return self.config.parts

    @property
    def learns(self) -> bool:
        """Whether the weights are chosen on dev."""
        return self.config.weights == "dev"

    def learn(self, material: Material, parts: Sequence[Search], folder: Path, report: Report) -> Mapping[str, float]:
        """Choose the weight of the second part by mean nDCG@10 over the dev questions with gold passages, and write
        both weights as JSON. Raises ``UserError`` where there are no such questions."""
        questions = judged(material)
        queries, depth = [question.query for question in questions], max(CUTOFF, self.config.depth)
        lists = list(zip(*(part(queries, depth) for part in parts), strict=True))
        place = _places(material.chunks)
        weight, mean = best_weight(
            questions, lists, lambda found, second: self._merge(found, (1 - second, second), depth, place)
        )
        (folder / _LEARNT).write_text(json.dumps([1 - weight, weight]), encoding="utf-8")
        return {"weight": weight, "dev_ndcg_at_10": mean, "dev_questions": float(len(questions))}

    def build(self, chunks: Sequence[Chunk], folder: Path) -> Mapping[str, float]:
        """Nothing to write: the parts hold the index."""
        return {}

    def open(self, chunks: Sequence[Chunk], folder: Path, parts: Sequence[Search]) -> Search:
        """The merged search. Equal scores stand in chunk order."""
        place = _places(chunks)
        weights = self._weights(folder)

        def search(queries: Sequence[str], depth: int) -> list[Hits]:
            lists = [part(queries, max(depth, self.config.depth)) for part in parts]
            return [self._merge(found, weights, depth, place) for found in zip(*lists, strict=True)]

        return search

    def _weights(self, folder: Path) -> Sequence[float]:
        if self.config.weights == "dev":
            learnt: list[float] = json.loads((folder / _LEARNT).read_text(encoding="utf-8"))
            return learnt
        return self.config.weights or (1.0,) * len(self.parts)

    def _merge(self, found: Sequence[Hits], weights: Sequence[float], depth: int, place: Place) -> Hits:
        if self.config.fusion == "convex":
            return convex(found, weights, self.config.minima, depth, place)
        return reciprocal_rank(found, weights, self.config.k, depth, place)


def _places(chunks: Sequence[Chunk]) -> Place:
    return {chunk.id: number for number, chunk in enumerate(chunks)}.__getitem__


@retrievers.kind(HybridConfig)
def hybrid(config: HybridConfig, language: str) -> Retriever:
    """The parts get the language when the runner builds them."""
    return Hybrid(config)
