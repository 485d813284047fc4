"""The objective: a listwise likelihood of the labels under the combined score.

Plackett and Luce rank a list by choosing its first item with probability softmax(s), then the first of the rest, and so
on (Plackett 1975). Items of one grade have no order among themselves, so each is chosen out of itself and all items of
lower grades:

    L = - mean over relevant i of  ln( exp(s_i / t) / (exp(s_i / t) + sum over grade_j < grade_i of exp(s_j / t)) )

With distinct grades that is the Plackett-Luce likelihood itself; with one relevant item it is the contrastive loss.
"""

from typing import Any

MASKED = -1
"""The grade of a passage that takes no part for a query."""


def combined(black_box: Any, augmenter: Any, weight: Any) -> Any:
    """``w s_bb + (1 - w) s_theta``, the inner product of ``[sqrt(w) e_bb; sqrt(1 - w) e_theta]`` for unit vectors.
    Numbers, arrays or tensors."""
    return weight * black_box + (1 - weight) * augmenter


def listwise(scores: Any, grades: Any, temperature: float, smoothing: float = 0.0, factor: float = 1.0) -> Any:
    """``factor`` times the mean negative log-likelihood of ``grades`` given ``scores``, a scalar tensor.

    ``scores`` and ``grades`` have shape (queries, passages); grades are whole numbers, above zero for what is relevant
    and ``MASKED`` for what takes no part. The relevant passages of a query share its weight, queries weigh the same and
    those without any count for nothing. With ``smoothing`` e the target of a choice is 1 - e on the right passage and
    e spread over all it is chosen from, as in ``torch.nn.functional.cross_entropy``.
    """
    import torch

    query, passage = (grades > 0).nonzero(as_tuple=True)
    own = grades[query, passage]  # [choices]
    rivals = grades[query]  # [choices, passages]
    among = (rivals != MASKED) & (rivals < own[:, None])
    among[torch.arange(len(query), device=among.device), passage] = True
    logits = (scores[query] / temperature).masked_fill(~among, -torch.inf)
    logs = logits.log_softmax(-1)
    right = logs[torch.arange(len(query), device=logs.device), passage]
    spread = logs.masked_fill(~among, 0.0).sum(-1) / among.sum(-1)
    losses = -(1 - smoothing) * right - smoothing * spread
    counts = torch.bincount(query, minlength=len(scores))
    return factor * (losses / counts[query]).sum() / (counts > 0).sum()
