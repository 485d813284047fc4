"""Accuracy against corpus size: the same questions asked of ever larger cuts of one corpus.

Gold documents stay in every cut and the rest are random distractors, so what changes is how hard the search is. Arms
that read no corpus are asked once, at the smallest size.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from assay.experiment import Experiment
from assay.runner import run_experiment
from assay.tables import markdown_table, terminal_table
from eval.results import Estimate, Results
from pipelines.errors import UserError


@dataclass(frozen=True)
class SizePoint:
    """One configuration at one size: documents in the corpus, primary metric and what was found on test."""

    id: str
    documents: int
    accuracy: Estimate
    recall: Estimate | None
    index_usd: float


def size_curve(
    experiment: Experiment,
    sizes: Sequence[int],
    *,
    store: Path,
    runs: Path,
    console: Console | None = None,
    tracking: bool = True,
) -> list[SizePoint]:
    """Run the experiment at every size; ``size.md`` is left in the folder of the largest.

    Raises ``UserError`` where nothing is retrieved, or a size is below one.
    """
    if not any(c.retrieved for c in experiment.configurations):
        raise UserError(f"experiment {experiment.name}: no configuration retrieves anything, so size changes nothing")
    if not sizes or min(sizes) < 1:
        raise UserError("--documents: give one or more sizes, each at least 1")
    points: list[SizePoint] = []
    folder = runs
    for size in sorted(set(sizes)):
        kept = experiment.configurations if not points else [c for c in experiment.configurations if c.retrieved]
        cut = experiment.model_copy(
            update={
                "name": f"{experiment.name}-{size}-documents",
                "sample": experiment.sample.model_copy(update={"documents": size}),
                "configurations": tuple(kept),
                "contrasts": (),
            }
        )
        finished = run_experiment(cut, store=store, runs=runs, console=console, tracking=tracking)
        points += _points(finished.results)
        folder = finished.folder
    text = markdown_table(cells_of(points, experiment.primary_metric))
    (folder / "size.md").write_text(text + "\n", encoding="utf-8")
    return points


def _points(results: Results) -> list[SizePoint]:
    return [
        SizePoint(
            one.id,
            results.dataset.documents,
            one.metrics[results.primary_metric],
            one.metrics.get("gold_in_context"),
            one.cost.index_usd,
        )
        for one in results.configurations
    ]


def cells_of(points: Sequence[SizePoint], metric: str) -> list[list[str]]:
    """The curve as text, its heading first."""
    rows = [["configuration", "documents", f"{metric} (95 %)", "gold read", "index"]]
    for point in sorted(points, key=lambda one: (one.id, one.documents)):
        value = point.accuracy
        rows.append(
            [
                point.id,
                f"{point.documents:,}",
                f"{value.mean:.3f} [{value.low:.3f}, {value.high:.3f}]",
                f"{point.recall.mean:.3f}" if point.recall else "",
                f"${point.index_usd:.4f}" if point.recall else "",
            ]
        )
    return rows


def size_table(points: Sequence[SizePoint], metric: str) -> Table:
    """The curve for the terminal."""
    return terminal_table(cells_of(points, metric))
