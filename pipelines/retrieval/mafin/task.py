"""From labelled questions to what a training needs: texts with their black-box vectors, hard negatives, and dev."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

import torch

from pipelines.errors import UserError
from pipelines.learning import Material
from pipelines.retrieval.embedders import Embedder
from pipelines.retrieval.fusion_weight import CUTOFF, ndcg
from pipelines.retrieval.mafin.black_box import fetch
from pipelines.retrieval.mafin.examples import Examples, labelled_examples, mine, written_examples
from pipelines.retrieval.mafin.settings import OverBlackBox

DEV_QUESTIONS = 300
"""Dev questions that a training is watched by."""
DEV_PASSAGES, _NEAREST = 4096, 10
"""Passages that are ranked for them, each of which every look embeds anew: all where there are no more. Else the
relevant ones, the nearest by the black box, and others drawn at random: without those a training that lifts what has
nothing to do with a question would look better than it is."""


@dataclass(frozen=True)
class Texts:
    """Texts and the black box's unit vectors of them: a tensor without gradient, shape (texts, dimension)."""

    texts: Sequence[str]
    vectors: torch.Tensor

    def take(self, places: Sequence[int]) -> "Texts":
        """Those at ``places``."""
        return Texts([self.texts[place] for place in places], self.vectors[list(places)])


@dataclass(frozen=True)
class Dev:
    """Questions of dev over one pool of passages; ``grades`` by place of the passage."""

    queries: Texts
    passages: Texts
    grades: Sequence[Mapping[int, int]]

    def ndcg(self, scores: torch.Tensor) -> float:
        """Mean nDCG@10 of ``scores``, shape (queries, passages)."""
        rankings = scores.topk(min(CUTOFF, scores.shape[1])).indices.tolist()
        gains = [ndcg(ranking, grades) for ranking, grades in zip(rankings, self.grades, strict=True)]
        return sum(gains) / len(gains)


@dataclass(frozen=True)
class Task:
    """``mined`` are hard negatives of each query. ``tokens`` is what the black box read of the questions, and
    ``reused_seconds`` what vectors that it had made before had taken."""

    examples: Examples
    queries: Texts
    passages: Texts
    mined: Sequence[Sequence[int]]
    dev: Dev | None
    tokens: float
    reused_seconds: float


def prepare(material: Material, black_box: Embedder, config: OverBlackBox) -> Task:
    """Fetch the black box's vectors and mine its hard negatives. Raises ``UserError`` where nothing can be learnt."""
    written = config.pairs == "written"
    train = written_examples(material.chunks) if written else labelled_examples(material.train, material.chunks)
    if not train.queries:
        raise UserError(
            f"retriever kind {config.kind}: no train question has a gold passage to learn from; add some, or take "
            "pairs: written"
        )
    dev = labelled_examples(material.dev, material.chunks)
    questions = fetch(black_box, [*train.queries, *dev.queries], "queries")
    passages = fetch(black_box, train.passages, "documents")
    asked, read = torch.from_numpy(questions.vectors), torch.from_numpy(passages.vectors)
    return Task(
        examples=train,
        queries=Texts(train.queries, asked[: len(train.queries)]),
        passages=Texts(train.passages, read),
        mined=mine(questions.vectors[: len(train.queries)], passages.vectors, train.grades),
        dev=_dev(dev, asked[len(train.queries) :], read, material.seed) if dev.queries else None,
        tokens=float(sum(black_box.count_tokens([*train.queries, *dev.queries]))),
        reused_seconds=questions.reused_seconds + passages.reused_seconds,
    )


def _dev(dev: Examples, asked: torch.Tensor, read: torch.Tensor, seed: int) -> Dev:
    draw = Random(seed)
    chosen = draw.sample(range(len(dev.queries)), min(DEV_QUESTIONS, len(dev.queries)))
    pool = {place for query in chosen for place in dev.grades[query]}
    pool.update((asked[chosen] @ read.T).topk(min(_NEAREST, len(read))).indices.flatten().tolist())
    others = [place for place in range(len(read)) if place not in pool]
    pool.update(draw.sample(others, min(len(others), max(0, DEV_PASSAGES - len(pool)))))
    new = {place: number for number, place in enumerate(sorted(pool))}
    return Dev(
        Texts(dev.queries, asked).take(chosen),
        Texts(dev.passages, read).take(list(new)),
        [{new[place]: grade for place, grade in dev.grades[query].items()} for query in chosen],
    )
