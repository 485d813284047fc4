"""Mafin: a black-box embedding and a small trained one as a single vector (Zhang et al. 2024, "Mafin: Enhancing
Black-Box Embeddings with Model Augmented Fine-Tuning", arXiv 2402.12177).

The options also give what it has to be compared with: the augmenter alone (``weight: 0``), both untrained
(``steps: 0, weight: 0.5``), both with an augmenter that was tuned on its own (``trained_on: alone``).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from pipelines.effort import Effort, Volume
from pipelines.errors import UserError
from pipelines.learning import Material, Report
from pipelines.records import Chunk
from pipelines.retrieval import Retriever, Search, retrievers
from pipelines.retrieval.dense import Dense, DenseConfig
from pipelines.retrieval.embedders import Embedder, embedders
from pipelines.retrieval.fusion_weight import GRID
from pipelines.retrieval.mafin.augmenter import Augmenter, AugmenterConfig
from pipelines.retrieval.mafin.black_box import fetch
from pipelines.retrieval.mafin.concatenation import ConcatenatedEmbedder
from pipelines.retrieval.mafin.settings import OverBlackBox

if TYPE_CHECKING:
    from pipelines.retrieval.mafin.scorers import AugmentedScorer
    from pipelines.retrieval.mafin.task import Task

AUGMENTER, WEIGHT = "augmenter", "weight.json"


class MafinConfig(OverBlackBox):
    """A black-box embedding with a small trained one beside it, in one index (Mafin)."""

    kind: Literal["mafin"] = "mafin"
    augmenter: AugmenterConfig = Field(default=AugmenterConfig(), description="the small encoder that is trained")
    weight: Annotated[float, Field(ge=0, le=1)] | Literal["learned", "dev"] = Field(
        default="dev",
        description="the black box's share of the score; dev: chosen by nDCG@10 on dev after training at 1/2, the "
        "paper's plain form; learned: trained with the augmenter, from 1/2 on",
    )
    trained_on: Literal["combined", "alone"] = Field(
        default="combined", description="combined: the loss sees the weighted sum, alone: the augmenter's score alone"
    )

    def effort(self, volume: Volume) -> Effort:
        """As ``OverBlackBox``; and the augmenter is trained, a step at the price of reading its texts three times, and
        reads everything once."""
        queries = self.positives * (self.queries_per_passage - 1) + 1
        step = queries * volume.question + (self.positives + self.hard_negatives) * volume.passage
        trained = 3 * self.steps * self.queries_per_step * step
        return Effort(embedded=super().effort(volume).embedded + trained + volume.corpus)

    @model_validator(mode="after")
    def _learned_in_training(self) -> Self:
        if self.weight == "learned" and (self.trained_on == "alone" or not self.steps):
            raise ValueError("weight: learned is trained with the augmenter on the combined score; take weight: dev")
        return self


@dataclass(frozen=True)
class Mafin:
    """A ``LearningRetriever`` over the vectors of a black box and an augmenter, in one dense index."""

    config: MafinConfig
    black_box: Embedder

    parts = ()

    @property
    def identity(self) -> str:
        """The black box's, and the weights that the augmenter starts from."""
        return f"{self.black_box.identity}+{self.config.augmenter.locate().hash}"

    @property
    def learns(self) -> bool:
        """Whether the augmenter is trained or the weight chosen on dev."""
        return self.config.steps > 0 or self.config.weight == "dev"

    def learn(self, material: Material, parts: Sequence[Search], folder: Path, report: Report) -> Mapping[str, float]:
        """Train the augmenter and fix the weight; writes both (safetensors, JSON). Raises ``UserError`` where there is
        nothing to learn from, or the black box fails: what it gave until then is kept for the next try."""
        import torch

        from pipelines.retrieval.mafin.scorers import AugmentedScorer
        from pipelines.retrieval.mafin.task import prepare
        from pipelines.retrieval.mafin.training import train

        config = self.config
        task = prepare(material, self.black_box, config)
        if config.weight == "dev" and task.dev is None:
            raise UserError(
                "weight: dev needs dev questions with gold passages; there are none, so give it as a number"
            )
        with torch.random.fork_rng():
            torch.manual_seed(material.seed)  # low-rank adapters start at random
            scorer = AugmentedScorer(Augmenter.start(config.augmenter), _while_training(config))
        measured = train(scorer, task, config, material.seed, report) if config.steps else {}
        weight = _weight(config, scorer, task)
        _write(folder, scorer.augmenter, weight)
        spent = {"embedding_tokens": task.tokens, "reused_seconds": task.reused_seconds}
        return {**measured, **spent, "weight": weight, "train_questions": float(len(task.queries.texts))}

    def build(self, chunks: Sequence[Chunk], folder: Path) -> Mapping[str, float]:
        """Write the concatenated vectors, as a dense index does; an augmenter that is not trained too."""
        saved = 0.0
        if not self.learns:
            assert isinstance(self.config.weight, float)
            _write(folder, Augmenter.start(self.config.augmenter), self.config.weight)
            saved = fetch(self.black_box, [chunk.indexed for chunk in chunks], "documents").reused_seconds
        quantities = self._dense(folder).build(chunks, folder)
        return {**quantities, "reused_seconds": quantities["reused_seconds"] + saved}

    def open(self, chunks: Sequence[Chunk], folder: Path, parts: Sequence[Search]) -> Search:
        """The search over the concatenated vectors in ``folder``; a score is the weighted sum of two cosines."""
        return self._dense(folder).open(chunks, folder, parts)

    def _dense(self, folder: Path) -> Dense:
        augmenter = Augmenter.load(folder / AUGMENTER, self.config.augmenter)
        weight = json.loads((folder / WEIGHT).read_text(encoding="utf-8"))
        embedder = ConcatenatedEmbedder(self.black_box, augmenter, weight)
        return Dense(DenseConfig(index=self.config.index), embedder)


def _while_training(config: MafinConfig) -> float | None:
    """The weight during training; none: it is learnt."""
    if config.trained_on == "alone":
        return 0.0
    if isinstance(config.weight, float):
        return config.weight
    return 0.5 if config.weight == "dev" else None


def _weight(config: MafinConfig, scorer: "AugmentedScorer", task: "Task") -> float:
    """The weight of the index."""
    if isinstance(config.weight, float):
        return config.weight
    return _best_on_dev(scorer, task) if config.weight == "dev" else float(scorer.weight.detach())


def _best_on_dev(scorer: "AugmentedScorer", task: "Task") -> float:
    """The weight of ``GRID`` with the highest nDCG@10 on the watched dev questions, the nearest to 1/2 among equals."""
    import torch

    from pipelines.retrieval.mafin.losses import combined

    dev = task.dev
    assert dev is not None
    scorer.eval()
    with torch.inference_mode():
        parts = scorer.parts(dev.queries, dev.passages)
    means = {weight: round(dev.ndcg(combined(*parts, weight)), 9) for weight in GRID}
    return min(GRID, key=lambda weight: (-means[weight], abs(weight - 0.5), weight))


def _write(folder: Path, augmenter: Augmenter, weight: float) -> None:
    augmenter.save(folder / AUGMENTER)
    (folder / WEIGHT).write_text(json.dumps(weight), encoding="utf-8")


@retrievers.kind(MafinConfig)
def mafin(config: MafinConfig, language: str) -> Retriever:
    """The language plays no part: it is the models' own matter."""
    return Mafin(config, embedders.build(config.black_box))
