"""Training of inserted parameters: only they get gradients, the model computes as ever.

First the head alone is fitted, as a linear probe, then everything is tuned: tuning that starts from a head at zero
distorts what the layers hold before the head has learnt to read them (Kumar et al. 2022, "Fine-Tuning can Distort
Pretrained Features and Underperform Out-of-Distribution"). Where the second step brings dev nothing the first stands.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from time import perf_counter
from typing import Any, Literal

import numpy as np
import torch

from pipelines.descent import Descent
from pipelines.errors import UserError
from pipelines.generation import linear_probe
from pipelines.generation.judged_tokens import Tokens, batches, collate, last_states, pairs
from pipelines.generation.otter.insertion import Insertion
from pipelines.generation.otter.objectives import pairwise, pointwise, values
from pipelines.generation.otter.parameters import Otter
from pipelines.learning import Report


@dataclass(frozen=True)
class Settings:
    """The fields of the config that training reads."""

    objective: Literal["pointwise", "pairwise"]
    beginnings: float
    tokens: float
    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float


def train(
    model: Any,
    otter: Otter,
    rows: Sequence[Tokens],
    dev: Sequence[Tokens],
    settings: Settings,
    padding: int,
    seed: int,
    report: Report | None = None,
) -> dict[str, float]:
    """Train ``otter``, which is in ``model`` for as long: its head, then for some epochs everything. Of the head alone
    and the epochs that of least loss on ``dev`` is kept, the last epoch where there is no dev. Returns ``seconds``,
    ``tokens`` (read, padding apart), ``steps``, ``loss``. Raises ``UserError`` where there is nothing to learn from or
    the loss becomes no number."""
    paired = settings.objective == "pairwise"
    examples: Sequence[Any] = pairs(rows) if paired else list(rows)
    held: Sequence[Any] = pairs(dev) if paired else list(dev)
    if not examples:
        kind = "two answers to one prompt of which one is better" if paired else "judged answer"
        raise UserError(f"intervention otter: no {kind} to learn from; draw more samples, or more train questions")
    optimizer = torch.optim.AdamW(otter.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    steps = settings.epochs * -(-len(examples) // settings.batch_size)
    descent = Descent(optimizer, steps)
    random, started, read, step = Random(seed), perf_counter(), 0, 0
    insertion = Insertion(model, otter)
    try:
        read += _begin_head(model, otter, rows, dev, padding, settings.batch_size)
        reached = _mean_loss(model, otter, held or examples, settings, padding)
        best = (reached, copy.deepcopy(otter.state_dict()))
        otter.requires_grad_(True)
        for _ in range(settings.epochs):
            order = random.sample(range(len(examples)), len(examples))
            for batch in batches(examples, settings.batch_size, order, _length):
                loss = _loss(model, otter, batch, settings, padding)
                step += 1
                if not torch.isfinite(loss):
                    raise UserError(f"the loss became {float(loss)} at step {step} of {steps}; lower learning_rate")
                descent.step(loss)
                read += sum(_length(one) for one in batch)
                if report is not None:
                    report(step, steps, float(loss.detach()))
            reached = _mean_loss(model, otter, held, settings, padding) if held else float(loss.detach())
            if reached < best[0] or not held:
                best = (reached, copy.deepcopy(otter.state_dict()))
    finally:
        insertion.remove()
        otter.requires_grad_(False)
    otter.load_state_dict(best[1])
    return {"seconds": perf_counter() - started, "tokens": float(read), "steps": float(step), "loss": best[0]}


@torch.no_grad()
def _begin_head(
    model: Any, otter: Otter, rows: Sequence[Tokens], dev: Sequence[Tokens], padding: int, batch_size: int
) -> int:
    """Logistic regression on the new part of the state after each whole answer becomes the head; its penalty is dev's
    choice, the greatest one without dev. Returns the number of tokens read."""
    states = last_states(model, [*rows, *dev], padding, batch_size)[:, -otter.size.width :].float().cpu().numpy()
    labels = np.array([row.label for row in (*rows, *dev)])
    count = len(rows)
    train_states, train_labels = states[:count], labels[:count]
    if dev:
        head = linear_probe.train(train_states, train_labels, states[count:], labels[count:])
    else:
        head = linear_probe.fit(train_states, train_labels, linear_probe.PENALTIES[-1])
    otter.head.weight.copy_(torch.tensor(head.weight))
    otter.head.bias.fill_(head.offset)
    return sum(len(row.ids) for row in (*rows, *dev))


@torch.no_grad()
def signals(model: Any, otter: Otter, rows: Sequence[Tokens], padding: int, batch_size: int) -> list[float]:
    """The signal after each whole answer, in the order of ``rows``; none for no rows."""
    if not rows:
        return []
    insertion = Insertion(model, otter)
    try:
        found: list[float] = otter.signal(last_states(model, rows, padding, batch_size)).tolist()
    finally:
        insertion.remove()
    return found


def _loss(model: Any, otter: Otter, examples: Sequence[Any], settings: Settings, padding: int) -> torch.Tensor:
    paired = settings.objective == "pairwise"
    rows = [row for pair in examples for row in pair] if paired else examples
    batch = collate(rows, padding, model.device)
    hidden = model.get_decoder()(input_ids=batch.ids, use_cache=False).last_hidden_state
    objective = pairwise if paired else pointwise
    return objective(values(otter, hidden, batch), batch.label, settings.beginnings, settings.tokens)


@torch.no_grad()
def _mean_loss(model: Any, otter: Otter, held: Sequence[Any], settings: Settings, padding: int) -> float:
    made = batches(held, settings.batch_size, range(len(held)), _length)
    return sum(float(_loss(model, otter, batch, settings, padding)) * len(batch) for batch in made) / len(held)


def _length(example: Any) -> int:
    return sum(map(_length, example)) if isinstance(example, tuple) else len(example.ids)
