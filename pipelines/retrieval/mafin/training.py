"""How a scorer is trained: contrastive steps on the combined score, watched by nDCG@10 on dev.

A plain loop: the loss needs for every batch the black box's scores and a matrix of grades, which pass through
sentence-transformers' trainer only by way of a collator, a sampler, a loss and a callback of one's own, and that
trainer leaves a pickle (``training_args.bin``) in its folder.
"""

from collections.abc import Mapping
from time import perf_counter

import torch

from pipelines.descent import Descent
from pipelines.learning import Report
from pipelines.retrieval.mafin.examples import batches
from pipelines.retrieval.mafin.losses import listwise
from pipelines.retrieval.mafin.scorers import AugmentedScorer, LinearScorer
from pipelines.retrieval.mafin.settings import OverBlackBox
from pipelines.retrieval.mafin.task import Task

Scorer = AugmentedScorer | LinearScorer


def train(scorer: Scorer, task: Task, config: OverBlackBox, seed: int, report: Report) -> Mapping[str, float]:
    """Tune ``scorer`` in place with AdamW, a linear warm-up over a tenth of the steps and a linear decay.

    Where there are dev questions they are ranked before the first step and ``config.evaluations`` times later; the
    best weights are kept, and training stops after ``config.patience`` looks without a gain. The same task and seed
    give the same weights on one machine.
    """
    descent = Descent(torch.optim.AdamW(scorer.groups(config.learning_rate)), config.steps)
    drawn = batches(task.examples, task.mined, config, seed)
    watched, losses, started = _Best(scorer, task), list[float](), perf_counter()
    watched.look()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for step in range(1, config.steps + 1):
            batch = next(drawn)
            scorer.train()
            scores = scorer(task.queries.take(batch.queries), task.passages.take(batch.passages))
            grades = torch.tensor(batch.grades, device=scores.device)
            loss = listwise(scores, grades, config.temperature, config.smoothing, config.loss_factor)
            descent.step(loss)
            losses.append(float(loss.detach()))
            report(step, config.steps, losses[-1])
            if step in _looks(config) and watched.look() >= config.patience:
                break
    watched.restore()
    last = losses[-max(1, len(losses) // 10) :]
    return {
        "training_seconds": perf_counter() - started,
        "steps": float(len(losses)),
        "loss": sum(last) / len(last),
        **watched.measured(),
    }


class _Best:
    """The weights with the highest nDCG@10 on dev so far; the last ones where there is no dev."""

    def __init__(self, scorer: Scorer, task: Task) -> None:
        self.scorer, self.dev = scorer, task.dev
        self.values: list[float] = []
        self.state: dict[str, torch.Tensor] = {}

    def look(self) -> int:
        """Rank dev; returns how many looks ago the best one was."""
        if self.dev is None:
            return 0
        self.scorer.eval()
        with torch.inference_mode():
            self.values.append(self.dev.ndcg(self.scorer(self.dev.queries, self.dev.passages)))
        best = max(self.values)
        if self.values.index(best) == len(self.values) - 1:
            self.state = {
                name: one.detach().clone() for name, one in self.scorer.named_parameters() if one.requires_grad
            }
        return len(self.values) - 1 - self.values.index(best)

    def restore(self) -> None:
        """Put the best weights back."""
        self.scorer.load_state_dict(self.state, strict=False)
        self.scorer.eval()

    def measured(self) -> dict[str, float]:
        """nDCG@10 on the watched dev questions, before training and of the weights that are kept."""
        if not self.values:
            return {}
        return {"dev_ndcg_at_10_before": self.values[0], "dev_ndcg_at_10": max(self.values)}


def _looks(config: OverBlackBox) -> set[int]:
    """The steps after which dev is ranked; the last one is among them."""
    return {round(config.steps * look / config.evaluations) for look in range(1, config.evaluations + 1)}
