"""The training set of a tuned configuration, and its card: what is learnt from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.table import Table

from assay.experiment import Experiment
from assay.progress import Progress
from assay.stages import Stages
from assay.store import Store
from eval.results import TrainingCard
from pipelines.errors import UserError
from pipelines.finetuning.data import TrainingSet
from pipelines.registry import nearest


@dataclass(frozen=True)
class PreparedSet:
    """A training set as it is learnt, its card, and what making it took (seconds, tokens, reviewer minutes)."""

    data: TrainingSet
    card: TrainingCard
    spent: Mapping[str, float]


def prepare_training_set(
    experiment: Experiment, configuration: str, store: Path, console: Console | None
) -> PreparedSet:
    """The training set of a configuration, made where the store lacks it. Raises ``UserError`` for an id that is none,
    or whose weights are not tuned."""
    tuned = {one.id: one for one in experiment.configurations if one.tuned}
    if configuration not in tuned:
        others = [one.id for one in experiment.configurations]
        what = "is not tuned" if configuration in others else "is no configuration of this experiment"
        hint = nearest(configuration, tuned) if tuned else "none of its configurations is tuned"
        raise UserError(f"--configuration {configuration}: {what}; {hint}")
    progress = Progress(console)
    with progress.shown():
        tuning = Stages(experiment, Store(store), progress).tuning
        entry, data = tuning.training_set(tuned[configuration])
        return PreparedSet(data, tuning.card(tuned[configuration]), entry.quantities)


def training_card(configuration: str, prepared: PreparedSet) -> RenderableType:
    """Counts, tokens, and what was left out, for the terminal."""
    card, spent = prepared.card, prepared.spent
    title = f"{configuration}: {card.pairs} pairs and {card.texts} texts of {', '.join(card.kinds)}"
    tokens = Table("tokens", "sum", "mean", "longest")
    for name, found in card.tokens.items():
        tokens.add_row(name, f"{found.sum:,}", f"{found.mean:.1f}", f"{found.longest:,}")
    left_out = Table("left out or not got", "count")
    for reason, count in card.left_out.items():
        left_out.add_row(reason, str(count))
    effort = (
        f"{spent['reviewer_minutes']:.1f} reviewer minutes; the language model read {spent['prompt_tokens']:,.0f} "
        f"tokens and wrote {spent['output_tokens']:,.0f} in {spent['model_seconds']:.0f} s"
    )
    return Group(title, tokens, left_out, effort)
