"""Writes the tables of README.md and docs/ that show a finished run: ``python docs/tables.py runs/quickstart``."""

import sys
from pathlib import Path

from eval.results import Estimate, Results

ROOT = Path(__file__).parent.parent


def results_table(results: Results) -> str:
    """One row a configuration: arm, metric with interval, tracks, latency and cost."""
    tracks = sorted({track for one in results.configurations for track in one.tracks})
    head = ["configuration", f"{results.primary_metric} (95 %)", *tracks, "correct", "p50", "$ per 1,000"]
    rows = [head, ["---"] * len(head)]
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
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return f"{table}\n\n(bold: chosen on dev for its arm; ★ recommended)\n\n> {results.recommendation.because}"


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
    else:
        fill(ROOT / "docs" / "worked_example.md", results.name, results_table(results))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
