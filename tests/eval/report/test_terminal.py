"""The table at the end of a run."""

import io

import pandas as pd
from rich.console import Console

from eval.report.terminal import terminal_table
from eval.results import Results


def printed(results: Results, width: int = 160) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(terminal_table(results))
    file = console.file
    assert isinstance(file, io.StringIO)
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_a_row_shows_arm_metric_tracks_latency_cost_and_marks(experiment: tuple[Results, pd.DataFrame]) -> None:
    results, _ = experiment
    (row,) = [line for line in printed(results) if "★" in line and "LoRA + RAG" in line]
    estimate = results.configuration("lora-r16+rag-hybrid-k3").metrics["f1"]
    assert "LoRA + RAG" in row
    assert f"{estimate.mean:.2f} ({estimate.low:.2f}-{estimate.high:.2f})" in row
    assert "0.44\N{NO-BREAK SPACE}s" in row
    assert "$0.205" in row
    assert row.strip().startswith("◆▲★ lora-r16+rag-hybrid-k3")


def test_failures_stand_in_the_first_line(experiment: tuple[Results, pd.DataFrame]) -> None:
    assert printed(experiment[0])[0].startswith("This run had failures: 4 answers failed")


def test_verdicts_and_the_recommendation_follow(experiment: tuple[Results, pd.DataFrame]) -> None:
    lines = printed(experiment[0], width=400)
    assert "rag-hybrid-k3-rerank is shown better than closed_book by 0.36 (0.27 to 0.45)." in lines
    assert lines[-1].startswith("Use lora-r16+rag-hybrid-k3.")


def test_names_are_not_read_as_console_markup(experiment: tuple[Results, pd.DataFrame]) -> None:
    results, _ = experiment
    first = results.configurations[0].model_copy(update={"id": "[red]k=[5]"})
    odd = results.model_copy(update={"configurations": (first,), "comparisons": ()})
    assert any("[red]k=[5]" in line for line in printed(odd))


def test_what_was_not_measured_is_a_dash(experiment: tuple[Results, pd.DataFrame]) -> None:
    results, _ = experiment
    untimed = results.configurations[0].model_copy(update={"latency": None, "tracks": {}})
    lines = printed(results.model_copy(update={"configurations": (untimed,), "comparisons": ()}))
    (row,) = [line for line in lines if "closed_book" in line]
    assert row.split()[-5:] == ["-", "-", "-", "-", "$0.021"]
