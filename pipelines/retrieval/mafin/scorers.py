"""What is trained: scores of queries and passages in which the black box's vectors are constants."""

from typing import Any

import torch
from torch.nn.functional import normalize

from pipelines.retrieval.mafin.augmenter import Augmenter, Role
from pipelines.retrieval.mafin.losses import combined
from pipelines.retrieval.mafin.task import Texts

WEIGHT_RATE = 0.01
"""Learning rate of a learned weight: a single number moves faster than the layers of an encoder."""

Groups = list[dict[str, Any]]
"""Parameter groups of an optimiser."""


class AugmentedScorer(torch.nn.Module):
    """``w s_bb + (1 - w) s_theta``. The ``weight`` of the black box is a number, or ``None`` for one that is learnt,
    from 1/2 on."""

    def __init__(self, augmenter: Augmenter, weight: float | None) -> None:
        super().__init__()
        self.augmenter = augmenter
        augmenter.freeze()
        self.encoder = augmenter.model  # registers its parameters
        self.fixed = weight
        self.logit = torch.nn.Parameter(torch.zeros((), device=augmenter.model.device)) if weight is None else None

    @property
    def weight(self) -> Any:
        """The black box's share of the score: a number, or a tensor where it is learnt."""
        return self.fixed if self.logit is None else self.logit.sigmoid()

    def forward(self, queries: Texts, passages: Texts) -> torch.Tensor:
        """Scores, shape (queries, passages)."""
        return combined(*self.parts(queries, passages), self.weight)

    def parts(self, queries: Texts, passages: Texts) -> tuple[torch.Tensor, torch.Tensor]:
        """Cosines by the black box and by the augmenter, each of shape (queries, passages)."""
        own = self._encode(queries, "query") @ self._encode(passages, "document").T
        return (queries.vectors @ passages.vectors.T).to(own.device), own

    def groups(self, rate: float) -> Groups:
        """What the optimiser is to change, with its learning rates."""
        encoder = [one for one in self.encoder.parameters() if one.requires_grad]
        weight = [] if self.logit is None else [{"params": [self.logit], "lr": WEIGHT_RATE, "weight_decay": 0.0}]
        return [{"params": encoder, "lr": rate}, *weight]

    def _encode(self, texts: Texts, role: Role) -> torch.Tensor:
        if self.training:
            return self.augmenter.forward(texts.texts, role)
        return torch.from_numpy(self.augmenter.embed(texts.texts, role)).to(self.augmenter.model.device)


class LinearScorer(torch.nn.Module):
    """The cosine of ``W q`` and ``p``, black-box vectors both. ``W`` starts as the identity, so as the black box."""

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.matrix = torch.nn.Parameter(torch.eye(dimension))

    def forward(self, queries: Texts, passages: Texts) -> torch.Tensor:
        """Scores, shape (queries, passages)."""
        return normalize(queries.vectors @ self.matrix.T, dim=-1) @ passages.vectors.T

    def groups(self, rate: float) -> Groups:
        """What the optimiser is to change; a decay would pull the matrix to zero and not to the identity."""
        return [{"params": [self.matrix], "lr": rate, "weight_decay": 0.0}]
