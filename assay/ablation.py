"""What each stage of one configuration is worth: every stage turned off in turn, on the same questions and prompt."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from assay.experiment import Configuration, Experiment
from assay.progress import Progress
from assay.runner import RUNS, STORE, Run, run_experiment
from assay.selection import select
from assay.stages import Stages
from assay.store import Store
from assay.variants import changed, variants
from pipelines.errors import UserError
from pipelines.registry import nearest

FULL = "full"
"""Id of the whole configuration in the ablation. Its own may be the name of an arm, which a contrast would take for
the arm's representative."""


@dataclass(frozen=True)
class Ablation:
    """A finished ablation: ``configuration`` is the id in the experiment of what ``run`` calls ``full``; the others of
    ``run`` are it with one stage turned off."""

    configuration: str
    run: Run


def ablate(
    experiment: Experiment,
    name: str,
    *,
    store: Path = STORE,
    runs: Path = RUNS,
    console: Console | None = None,
    tracking: bool = True,
) -> Ablation:
    """Run the configuration ``name`` and its variants into ``runs/<experiment>-ablation``, and write ``ablation.md``
    there. Raises ``UserError`` for an unknown name and where nothing can be turned off."""
    from assay.ablation_table import ablation_markdown

    full = _configuration(experiment, name)
    others = variants(full)
    ablated = ablation_experiment(experiment, full, others, _prompt(experiment, full, store, console))
    run = run_experiment(ablated, store=store, runs=runs, console=console, tracking=tracking)
    finished = Ablation(full.id, run)
    (run.folder / "ablation.md").write_text(ablation_markdown(finished), encoding="utf-8")
    return finished


def ablation_experiment(
    experiment: Experiment, full: Configuration, others: Sequence[Configuration], prompt: str
) -> Experiment:
    """The experiment with ``full`` and its variants ``others`` alone. Those of its arm take its ``prompt``, as another
    prompt would be a second difference; a variant in another arm chooses its own on dev, as every arm does."""
    members = [changed(full, id=FULL), *others]
    members = [changed(one, prompt=prompt) if one.arm == full.arm else one for one in members]
    names = {one.id for one in members}
    economics = experiment.economics
    if economics.status_quo not in names | {"no_system"}:
        economics = economics.model_copy(update={"status_quo": "no_system"})
    fields = {name: getattr(experiment, name) for name in Experiment.model_fields}
    changes = {
        "name": f"{experiment.name}-ablation",
        "description": f"What each stage of {full.id} is worth.",
        "configurations": tuple(members),
        "contrasts": tuple((one.id, FULL) for one in members[1:]),
        "economics": economics,
        "forgetting": {"questions": 0},
    }
    return Experiment(**{**fields, **changes})


def _prompt(experiment: Experiment, full: Configuration, store: Path, console: Console | None) -> str:
    """The prompt that dev chooses for ``full`` in its own experiment: the one its arm's first configuration chose."""
    if full.prompt is not None:
        return full.prompt
    first = next(one for one in experiment.configurations if one.arm == full.arm)
    asked = (first,) if first.id == full.id else (first, full)
    progress = Progress(console)
    with progress.shown():
        alone = experiment.model_copy(update={"configurations": asked, "contrasts": ()})
        return select(Stages(alone, Store(store), progress)).templates[full.id].name


def _configuration(experiment: Experiment, name: str) -> Configuration:
    known = {one.id: one for one in experiment.configurations}
    if name not in known:
        raise UserError(f"{experiment.name} has no configuration {name!r}; {nearest(name, known)}")
    return known[name]
