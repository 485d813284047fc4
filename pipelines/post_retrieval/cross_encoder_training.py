"""How the cross-encoder is trained: to pick the supporting chunk of a question out of a few that a search found."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

from pipelines.descent import Descent
from pipelines.errors import UserError
from pipelines.learning import Labelled, Material, Report

if TYPE_CHECKING:
    from pipelines.post_retrieval.joint_encoder import JointEncoder

_SCALE = 20.0
"""What cosines are multiplied by before the softmax, as in sentence-transformers' ``MultipleNegativesRankingLoss``."""


@dataclass(frozen=True)
class Settings:
    """The fields of the config that training reads."""

    steps: int
    questions_per_step: int
    negatives: int
    learning_rate: float


def train(encoder: "JointEncoder", settings: Settings, material: Material, report: Report) -> Mapping[str, float]:
    """Tune ``encoder`` in place by multiple-negatives ranking over hard negatives,

        loss = -ln(exp(s+) / (exp(s+) + sum over negatives of exp(s-))),  s = 20 cosine,

    with AdamW, a linear warm-up over a tenth of the steps and a linear decay. The word embeddings stay as they are: a
    few hundred questions see few of the words. The same material and seed give the same weights on one machine.
    Raises ``UserError`` where no train question has a supporting chunk."""
    import torch

    chosen = examples(material, settings.negatives)
    model = encoder.model
    model.get_input_embeddings().requires_grad_(False)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    descent = Descent(torch.optim.AdamW(trained, lr=settings.learning_rate, fused=True), settings.steps)
    losses, pairs, started = [], 0, perf_counter()
    with torch.random.fork_rng():
        torch.manual_seed(material.seed)
        model.train()
        for step in range(1, settings.steps + 1):
            batch = [next(chosen) for _ in range(settings.questions_per_step)]
            loss = _loss(encoder, batch)
            descent.step(loss)
            losses.append(float(loss.detach()))
            pairs += sum(map(len, batch))
            report(step, settings.steps, losses[-1])
        model.eval()
    last = losses[-max(1, settings.steps // 10) :]
    return {
        "seconds": perf_counter() - started,
        "steps": float(settings.steps),
        "pairs": float(pairs),
        "loss": sum(last) / len(last),
    }


def examples(material: Material, negatives: int) -> Iterator[list[tuple[str, str]]]:
    """Endless examples, each the pairs (query, passage) of one question: first a supporting chunk, then ``negatives``
    others, drawn from what the search found for it and, where that is too little, from all chunks. Every question is
    seen once before any is seen again."""
    texts = {chunk.id: chunk.indexed for chunk in material.chunks}
    draw = random.Random(material.seed)
    usable = [one for one in material.train if any(name in texts for name in one.relevant)]
    if not usable:
        raise UserError(
            "post_retrieval kind cross_encoder: no train question has a gold passage to learn from; name a ready "
            "cross-encoder in its field name"
        )
    return _drawn(usable, texts, negatives, draw)


def _drawn(
    usable: list[Labelled], texts: Mapping[str, str], negatives: int, draw: random.Random
) -> Iterator[list[tuple[str, str]]]:
    everything = list(texts)
    while True:
        for one in draw.sample(usable, len(usable)):
            supporting = draw.choice([name for name in one.relevant if name in texts])
            hard = [name for name in one.hits.chunk_ids if name in texts and name not in one.relevant]
            others = draw.sample(hard, min(negatives, len(hard)))
            if len(others) < negatives:
                taken = {*others, *one.relevant}
                spare = draw.sample(everything, min(len(everything), negatives + len(taken)))
                others += [name for name in spare if name not in taken][: negatives - len(others)]
            yield [(one.query, texts[name]) for name in (supporting, *others)]


def _loss(encoder: "JointEncoder", batch: Sequence[Sequence[tuple[str, str]]]) -> Any:
    import torch
    from torch.nn.functional import cross_entropy

    scores = encoder.forward([pair for pairs in batch for pair in pairs]) * _SCALE
    target = torch.zeros(1, dtype=torch.long, device=scores.device)
    parts = scores.split([len(pairs) for pairs in batch])
    return torch.stack([cross_entropy(part[None], target) for part in parts]).mean()
