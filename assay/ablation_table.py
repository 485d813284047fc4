"""An ablation as a table, in the terminal and as Markdown."""

from dataclasses import dataclass

from rich.table import Table

from assay.ablation import FULL, Ablation
from assay.tables import markdown_table, terminal_table
from eval.numbers import money, score, seconds, signed
from eval.report.wording import between, metric_name, metric_title
from eval.results import Comparison, ConfigurationResult, Results

VERDICTS = {"a": "better without", "b": "worse without", "equivalent": "equivalent", "undecided": "undecided"}
HEADERS = ("turned off", "score", "difference (95 %)", "verdict", "p50", "difference", "$ / 1,000", "difference")
NOTE = (
    "Differences are variant minus full, on the same questions; the intervals hold for all variants together. "
    "Variants of the arm of the full configuration use its prompt; one in another arm chose its own on dev."
)


@dataclass(frozen=True)
class Line:
    """One variant beside the full configuration; ``latency`` (p50, seconds) is ``None`` where it was not measured."""

    variant: ConfigurationResult
    comparison: Comparison
    latency: float | None
    per_1k_usd: float


def lines(ablation: Ablation) -> list[Line]:
    """A line for each variant, in the order of the stages. Differences are variant minus full."""
    results = ablation.run.results
    full = results.configuration(FULL)
    found = []
    for comparison in results.comparisons:
        one = results.configuration(comparison.a)
        latency = one.latency.p50.value - full.latency.p50.value if one.latency and full.latency else None
        per_1k_usd = one.cost.per_1k_questions_usd.value - full.cost.per_1k_questions_usd.value
        found.append(Line(one, comparison, latency, per_1k_usd))
    return found


def ablation_table(ablation: Ablation) -> Table:
    """The table printed when an ablation ends."""
    metric = metric_name(ablation.run.results.primary_metric)
    return terminal_table(_cells(ablation), f"What each stage of {ablation.configuration} is worth: {metric}", NOTE)


def ablation_markdown(ablation: Ablation) -> str:
    """The same table as Markdown."""
    metric = metric_title(ablation.run.results.primary_metric)
    title = f"# What each stage of {ablation.configuration} is worth"
    return "\n".join([title, "", f"{metric}, on test.", "", markdown_table(_cells(ablation)), "", NOTE, ""])


def _cells(ablation: Ablation) -> list[tuple[str, ...]]:
    results = ablation.run.results
    rows = [HEADERS, _row(results, FULL, "", "", "", "")]
    for line in lines(ablation):
        one = line.comparison
        latency = "absent" if line.latency is None else _plus(line.latency, seconds(abs(line.latency)))
        cost = _plus(line.per_1k_usd, money(abs(line.per_1k_usd)))
        rows.append(_row(results, one.a, between(one.delta, one.low, one.high), VERDICTS[one.verdict], latency, cost))
    return rows


def _row(results: Results, name: str, delta: str, verdict: str, latency: str, cost: str) -> tuple[str, ...]:
    one = results.configuration(name)
    p50 = seconds(one.latency.p50.value) if one.latency else "absent"
    mean = score(one.metrics[results.primary_metric].mean)
    return name, mean, delta, verdict, p50, latency, money(one.cost.per_1k_questions_usd.value), cost


def _plus(value: float, magnitude: str) -> str:
    """A difference with its sign."""
    return f"+{magnitude}" if value > 0 else signed(value, magnitude)
