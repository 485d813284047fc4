"""The table printed when a run ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eval.numbers import money, score, seconds
from eval.report.wording import ARM_NAMES, failures, metric_name, verdicts
from eval.results import ConfigurationResult, Estimate, Results

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

DEV, PARETO, RECOMMENDED = "◆", "▲", "★"
LEGEND = f"{DEV} stands for its arm (chosen on dev)   {PARETO} on the Pareto front   {RECOMMENDED} recommended"


def terminal_table(results: Results) -> Group:
    """The configurations of a run as a table, failures before it, verdicts after it. Names are shown as they are:
    nothing in them is read as console markup."""
    from rich.console import Group
    from rich.text import Text

    lines = [Text(), Text(LEGEND, style="dim"), Text()]
    lines += [Text(sentence) for _, sentence in verdicts(results)]
    lines.append(Text(f"{results.recommendation.headline} {results.recommendation.because}", style="bold"))
    problems = [text for text in (failures(results), *results.warnings) if text]
    return Group(*(Text(text, style="bold red") for text in problems), _table(results), *lines)


def _table(results: Results) -> Table:
    from rich.table import Table
    from rich.text import Text

    metric = results.primary_metric
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("", no_wrap=True, min_width=3)
    table.add_column("configuration", overflow="fold")
    table.add_column("arm", overflow="fold")
    table.add_column(Text(f"{metric_name(metric)} (95 %)"), no_wrap=True)
    for track in results.dataset.tracks:
        table.add_column(Text(track.replace("_", " ")), justify="right", overflow="fold")
    table.add_column("p50", justify="right", no_wrap=True)
    table.add_column("$/1,000", justify="right", no_wrap=True)
    for configuration in results.configurations:
        tracks = [_mean(configuration.tracks.get(track, {}).get(metric)) for track in results.dataset.tracks]
        cells = [
            _marks(configuration, results),
            configuration.id,
            ARM_NAMES[configuration.arm],
            _interval(configuration.metrics.get(metric)),
            *tracks,
            seconds(configuration.latency.p50.value) if configuration.latency else "-",
            money(configuration.cost.per_1k_questions_usd.value),
        ]
        bold = configuration.id == results.recommendation.id
        table.add_row(*(Text(cell, style="bold" if bold else "") for cell in cells))
    return table


def _marks(configuration: ConfigurationResult, results: Results) -> str:
    shown = (
        (DEV, configuration.selected_on_dev),
        (PARETO, configuration.id in results.pareto),
        (RECOMMENDED, configuration.id == results.recommendation.id),
    )
    return "".join(mark for mark, is_shown in shown if is_shown)


def _mean(estimate: Estimate | None) -> str:
    return "-" if estimate is None else score(estimate.mean)


def _interval(estimate: Estimate | None) -> str:
    return "-" if estimate is None else f"{score(estimate.mean)} ({score(estimate.low)}-{score(estimate.high)})"
