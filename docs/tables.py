"""Writes the tables of README.md and docs/ that show a finished run: ``python docs/tables.py runs/quickstart``."""

import sys
from pathlib import Path

from assay.tables import markdown_table
from eval.results import Comparison, Estimate, Results

ROOT = Path(__file__).parent.parent


def results_table(results: Results) -> str:
    """One row a configuration: arm, metric with interval, tracks, latency and cost."""
    tracks = sorted({track for one in results.configurations for track in one.tracks})
    head = ["configuration", f"{results.primary_metric} (95 %)", *tracks, "correct", "p50", "$ per 1,000"]
    rows = [head]
    for one in results.configurations:
        marks = ("**" if one.selected_on_dev else "", " ★" if one.id == results.recommendation.id else "")
        rows.append(
            [
                f"{marks[0]}{one.id}{marks[0]}{marks[1]}",
                _interval(one.metrics[results.primary_metric]),
                *(f"{one.tracks[track][results.primary_metric].mean:.2f}" for track in tracks),
                f"{one.metrics['correct'].mean:.2f}",
                f"{one.latency.p50.value:.2f} s" if one.latency else "",
                f"{one.cost.per_1k_questions_usd.value:.4f}",
            ]
        )
    table = markdown_table(rows)
    return f"{table}\n\n(bold: chosen on dev for its arm; ★ recommended)\n\n> {results.recommendation.because}"


def contrasts_table(results: Results) -> str:
    """One row a comparison: the paired difference with its simultaneous interval and verdict, overall and by track."""
    tracks = sorted(results.track_comparisons)
    rows = [["a against b", "all questions", *tracks]]
    for number, one in enumerate(results.comparisons):
        by_track = [_difference(results.track_comparisons[track][number]) for track in tracks]
        rows.append([f"{one.a} against {one.b}", _difference(one), *by_track])
    return markdown_table(rows)


def _difference(one: Comparison) -> str:
    said = {"a": f"**{one.a}**", "b": f"**{one.b}**"}.get(one.verdict, one.verdict)
    return f"{one.delta:+.2f} ({one.low:+.2f} to {one.high:+.2f}) {said}"


def stages_table(results: Results) -> str:
    """One row a retrieved configuration: the metric, the paired difference to ``plain``, what was read, time, cost."""
    against = {one.a: _difference(one) for one in results.comparisons if one.b == "plain"}
    head = ["configuration", f"{results.primary_metric} (95 %)", "against plain", "gold read", "tokens read", "p50"]
    rows = [[*head, "$ per 1,000"]]
    for one in results.configurations:
        if one.arm != "rag":
            continue
        gold = one.metrics.get("gold_in_context")
        rows.append(
            [
                one.id,
                _interval(one.metrics[results.primary_metric]),
                against.get(one.id, ""),
                f"{gold.mean:.2f}" if gold else "",
                f"{one.tokens.input_mean:.0f}",
                f"{one.latency.p50.value:.2f} s" if one.latency else "",
                f"{one.cost.per_1k_questions_usd.value:.4f}",
            ]
        )
    return markdown_table(rows)


def curve_table(results: Results) -> str:
    """One row a size of the training set: pairs, dollars of tuning, the metric with its interval, and by track."""
    tracks = sorted({track for one in results.configurations for track in one.tracks})
    rows = [["pairs", "tuning $", f"{results.primary_metric} (95 %)", *tracks]]
    for one in results.configurations:
        pairs = str(one.training_set.pairs) if one.training_set else "0"
        estimates = (one.tracks[track][results.primary_metric] for track in tracks)
        shown = [_interval(estimate) for estimate in (one.metrics[results.primary_metric], *estimates)]
        rows.append([pairs, f"{one.cost.train_usd:.4f}", *shown])
    return markdown_table(rows)


def budget_table(results: Results) -> str:
    """Seconds by part, as the run itself timed them."""
    rows = [f"| {name} | {seconds:.1f} |" for name, seconds in results.timings.items()]
    total = f"| together | {sum(results.timings.values()):.1f} |"
    return "\n".join(["| part | seconds |", "|---|---|", *rows, total, "", f"Machine: {results.environment.cpu}."])


def _interval(estimate: Estimate) -> str:
    return f"{estimate.mean:.2f} ({estimate.low:.2f} to {estimate.high:.2f})"


def fill(path: Path, marker: str, text: str) -> None:
    """Replace what stands between the markers of a page."""
    page = path.read_text(encoding="utf-8")
    before, begin, rest = page.partition(f"<!-- {marker}:begin -->")
    _, end, after = rest.partition(f"<!-- {marker}:end -->")
    if not (begin and end):
        raise SystemExit(f"{path}: no markers {marker}:begin and {marker}:end")
    path.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def main(folder: Path) -> None:
    """Fill the pages that belong to this run."""
    results = Results.load(folder / "results.json")
    if results.name == "quickstart":
        fill(ROOT / "README.md", "quickstart", results_table(results))
        fill(ROOT / "docs" / "budget.md", "budget", budget_table(results))
    elif results.name == "headline":
        fill(ROOT / "README.md", "headline", results_table(results))
        fill(ROOT / "docs" / "when.md", "contrasts", contrasts_table(results))
    elif results.name == "advanced_rag":
        fill(ROOT / "docs" / "retrieval.md", "advanced_rag", stages_table(results))
    elif results.name == "tuning_curve":
        fill(ROOT / "docs" / "curves.md", "tuning_curve", curve_table(results))
    else:
        fill(ROOT / "docs" / "worked_example.md", results.name, results_table(results))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
