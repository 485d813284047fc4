"""Two finished runs compared on the questions they share."""

from pathlib import Path

import numpy as np
import pandas as pd
from rich.table import Table

from assay.finished import load_run
from eval.results import Comparison, Results
from eval.statistics.compare import compare_family
from pipelines.errors import UserError


def compare_runs(a: Path, b: Path, metric: str | None = None) -> list[Comparison]:
    """Every representative of run ``a`` against that of the same arm in run ``b``, paired by question.

    Gold passages are not part of a finished run, so questions count as independent; where they share documents the
    intervals are somewhat too narrow. Marked exploratory for that reason. Raises ``UserError`` where the runs share
    no question or no arm.
    """
    (left, left_table), (right, right_table) = load_run(a), load_run(b)
    chosen = metric or left.primary_metric
    for name, table in ((a, left_table), (b, right_table)):
        if chosen not in table.columns:
            raise UserError(f"{name}: has no metric {chosen!r}")
    pairs = _same_arms(left, right)
    if not pairs:
        raise UserError(f"{a} and {b} have no arm in common")
    values: dict[str, np.ndarray] = {}
    shared = sorted(set(left_table["question_id"]) & set(right_table["question_id"]))
    if not shared:
        raise UserError(f"{a} and {b} were asked different questions; there is nothing to pair")
    contrasts = []
    for one, other in pairs:
        names = (f"{left.name}:{one}", f"{right.name}:{other}")
        values[names[0]] = _values(left_table, one, shared, chosen)
        values[names[1]] = _values(right_table, other, shared, chosen)
        contrasts.append(names)
    found = compare_family(contrasts, values, None, metric=chosen, seed=left.seed)
    return [one.model_copy(update={"exploratory": True}) for one in found]


def comparison_table(comparisons: list[Comparison]) -> Table:
    """The comparisons as a table for the terminal."""
    table = Table("a", "b", "difference", "95 % interval", "p (adjusted)", "verdict")
    for one in comparisons:
        interval = f"{one.low:+.3f} to {one.high:+.3f}"
        table.add_row(one.a, one.b, f"{one.delta:+.3f}", interval, f"{one.p_adjusted:.3f}", one.verdict)
    return table


def _same_arms(left: Results, right: Results) -> list[tuple[str, str]]:
    ours = {c.arm: c.id for c in left.configurations if c.selected_on_dev}
    theirs = {c.arm: c.id for c in right.configurations if c.selected_on_dev}
    return [(ours[arm], theirs[arm]) for arm in ours if arm in theirs]


def _values(table: pd.DataFrame, configuration: str, questions: list[str], metric: str) -> np.ndarray:
    """Mean over seeds of each shared question; a metric that does not apply counts as 0."""
    mine = table[table["configuration"] == configuration]
    means = mine.groupby("question_id")[metric].mean().reindex(questions)
    return means.fillna(0.0).to_numpy(dtype=float)
