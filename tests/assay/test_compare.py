"""Two finished runs side by side, written by hand."""

from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from rich.console import Console

from assay.compare import compare_runs, comparison_table
from pipelines.errors import UserError


@pytest.fixture
def write_run(tmp_path: Path, make_results: Any) -> Any:
    """Writes a run of ``values[configuration][question] = [one value per seed]``."""

    def write(name: str, arms: dict[str, str], values: dict[str, dict[str, list[float | None]]]) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        make_results(arms, name).save(folder / "results.json")
        rows = [
            {"configuration": configuration, "seed": seed, "question_id": question, "f1": value}
            for configuration, by_question in values.items()
            for question, by_seed in by_question.items()
            for seed, value in enumerate(by_seed)
        ]
        pd.DataFrame(rows).to_parquet(folder / "per_question.parquet")
        return folder

    return write


def test_representatives_of_one_arm_are_paired_on_shared_questions(write_run: Any) -> None:
    a = write_run("a", {"x": "rag", "c": "closed_book"}, {"x": {"q1": [1.0], "q2": [0.5], "only_a": [1.0]}, "c": {}})
    b = write_run("b", {"y": "rag", "l": "lora"}, {"y": {"q2": [0.0], "q1": [0.5], "only_b": [0.0]}, "l": {}})
    (found,) = compare_runs(a, b)
    assert (found.a, found.b, found.metric) == ("a:x", "b:y", "f1")
    assert found.delta == pytest.approx(0.5)  # (1 - 0.5 + 0.5 - 0) / 2
    assert found.exploratory


def test_seeds_are_averaged_and_a_metric_that_does_not_apply_counts_as_nothing(write_run: Any) -> None:
    a = write_run("a", {"x": "lora"}, {"x": {"q1": [1.0, 0.0], "q2": [1.0, 1.0]}})
    b = write_run("b", {"x": "lora"}, {"x": {"q1": [0.0], "q2": [None]}})
    (found,) = compare_runs(a, b)
    assert found.delta == pytest.approx(0.75)


def test_a_run_against_itself_differs_in_nothing(write_run: Any) -> None:
    values = {"x": {f"q{n}": [n / 80] for n in range(80)}}
    folder = write_run("a", {"x": "rag"}, values)
    (found,) = compare_runs(folder, folder)
    assert found.delta == 0.0
    assert found.low <= 0.0 <= found.high
    assert found.verdict not in ("a", "b")


def test_table_shows_each_comparison(write_run: Any) -> None:
    folder = write_run("a", {"x": "rag"}, {"x": {"q1": [1.0], "q2": [0.0]}})
    console = Console(width=140, file=StringIO())
    console.print(comparison_table(compare_runs(folder, folder)))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "a:x" in text
    assert "+0.000" in text


def test_nothing_in_common_is_said(write_run: Any) -> None:
    a = write_run("a", {"x": "rag"}, {"x": {"q1": [1.0]}})
    b = write_run("b", {"y": "lora"}, {"y": {"q1": [1.0]}})
    c = write_run("c", {"z": "rag"}, {"z": {"q9": [1.0]}})
    with pytest.raises(UserError, match="have no arm in common"):
        compare_runs(a, b)
    with pytest.raises(UserError, match="were asked different questions"):
        compare_runs(a, c)
    with pytest.raises(UserError, match="a: has no metric 'ndcg_at_10'"):
        compare_runs(a, c, "ndcg_at_10")


def test_folder_without_a_run_is_named(tmp_path: Path, write_run: Any) -> None:
    a = write_run("a", {"x": "rag"}, {"x": {"q1": [1.0]}})
    with pytest.raises(UserError, match=r"nowhere/results.json: not there; .*nowhere is no finished run"):
        compare_runs(a, tmp_path / "nowhere")


def test_results_of_another_form_name_the_field(write_run: Any) -> None:
    a = write_run("a", {"x": "rag"}, {"x": {"q1": [1.0]}})
    path = a / "results.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"seed"', '"sead"'), encoding="utf-8")
    with pytest.raises(
        UserError, match=r"results.json: seed: Field required; the file is not what this version writes"
    ):
        compare_runs(a, a)
