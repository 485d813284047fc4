"""The losses: cross-entropy of what is generated, and two contrastive ones over the states of retrieval tokens.

``L = weight_g CE + weight_r L_r`` (Zhang et al. 2024, arXiv 2409.05152). Vectors are compared by their cosine, which is
what the index searches by. A document with several vectors counts by the nearest of them.
"""

from collections.abc import Sequence
from typing import Any

from pipelines.finetuning.examples import IGNORED


def generation_loss(head: Any, states: Sequence[Any], labels: Sequence[Sequence[int]]) -> Any:
    """Mean cross-entropy over all labelled tokens, a scalar; ``states`` are those of each sequence, [length, width].
    The head sees the positions that carry loss and no others."""
    import torch

    hidden, targets = [], []
    for state, own in zip(states, labels, strict=True):
        following = torch.tensor(own[1:], device=state.device)
        counted = following != IGNORED
        hidden.append(state[:-1][counted])
        targets.append(following[counted])
    return torch.nn.functional.cross_entropy(head(torch.cat(hidden)).float(), torch.cat(targets))


def cosines(anchors: Any, vectors: Any, counts: Sequence[int], *, normalised: bool = False) -> Any:
    """Similarity of every anchor [a, width] and document, [a, documents]: the highest cosine with any of the document's
    vectors, of which ``counts`` says how many follow each other in ``vectors`` [v, width]. ``normalised`` takes both as
    they are."""
    import torch

    if not normalised:
        anchors, vectors = (torch.nn.functional.normalize(one.float(), dim=-1) for one in (anchors, vectors))
    similar = anchors.float() @ vectors.float().t()
    return torch.stack([block.amax(1) for block in similar.split(list(counts), dim=1)], dim=1)


def info_nce(scores: Any, positive: Sequence[int], also: Sequence[Sequence[int]], temperature: float) -> Any:
    """Mean over anchors of ``-ln(exp(s+ / t) / sum over all documents of exp(s / t))`` (van den Oord et al. 2018).

    ``positive`` is the column of each anchor's own document; columns in ``also`` are right for it too and are left out
    of its sum.
    """
    import torch

    hidden = torch.zeros_like(scores, dtype=torch.bool)
    for row, (own, columns) in enumerate(zip(positive, also, strict=True)):
        hidden[row, [column for column in columns if column != own]] = True
    target = torch.tensor(positive, device=scores.device)
    return torch.nn.functional.cross_entropy((scores / temperature).masked_fill(hidden, float("-inf")), target)


def bpr(scores: Any, positive: Sequence[int], negatives: Sequence[Sequence[int]], temperature: float) -> Any:
    """Mean over anchors and their own negatives of ``-ln sigmoid((s+ - s-) / t)`` (Rendle et al. 2009)."""
    import torch

    rows = [row for row, own in enumerate(negatives) for _ in own]
    columns = [column for own in negatives for column in own]
    differences = scores[rows, [positive[row] for row in rows]] - scores[rows, columns]
    return -torch.nn.functional.logsigmoid(differences / temperature).mean()


def over_sequence(states: Any) -> Any:
    """States [length, width] divided by their norm along the **length**, as the published code does before its BPR. For
    an ablation: a vector then depends on what stands behind it, and there on the padding of its batch too."""
    return states / states.float().norm(dim=-2, keepdim=True).clamp_min(1e-8)
