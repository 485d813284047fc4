"""The card of a training set: what a tuned configuration learns from."""

from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.table import Table

from assay.experiment import Experiment
from assay.progress import Progress
from assay.stages import Stages
from assay.store import Store
from pipelines.errors import UserError
from pipelines.registry import nearest


def training_card(experiment: Experiment, configuration: str, store: Path, console: Console | None) -> RenderableType:
    """Counts, tokens, and what was left out, of the training set of a configuration, made where the store lacks it.
    Raises ``UserError`` for an id that is none, or whose weights are not tuned."""
    tuned = {one.id: one for one in experiment.configurations if one.tuned}
    if configuration not in tuned:
        others = [one.id for one in experiment.configurations]
        what = "is not tuned" if configuration in others else "is no configuration of this experiment"
        hint = nearest(configuration, tuned) if tuned else "none of its configurations is tuned"
        raise UserError(f"--configuration {configuration}: {what}; {hint}")
    progress = Progress(console)
    with progress.shown():
        tuning = Stages(experiment, Store(store), progress).tuning
        entry, card = tuning.training_set(tuned[configuration])[0], tuning.card(tuned[configuration])
    title = f"{configuration}: {card.pairs} pairs and {card.texts} texts of {', '.join(card.kinds)}"
    tokens = Table("tokens", "sum", "mean", "longest")
    for name, found in card.tokens.items():
        tokens.add_row(name, f"{found.sum:,}", f"{found.mean:.1f}", f"{found.longest:,}")
    left_out = Table("left out or not got", "count")
    for reason, count in card.left_out.items():
        left_out.add_row(reason, str(count))
    spent = entry.quantities
    effort = (
        f"{spent['reviewer_minutes']:.1f} reviewer minutes; the language model read {spent['prompt_tokens']:,.0f} "
        f"tokens and wrote {spent['output_tokens']:,.0f} in {spent['model_seconds']:.0f} s"
    )
    return Group(title, tokens, left_out, effort)
