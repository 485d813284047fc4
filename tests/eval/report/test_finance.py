"""Sensitivity, decision map and staleness on the page."""

from pathlib import Path

import pandas as pd
import pytest

from eval.report import render
from eval.report.finance import cadence_words, letters, map_data, modelled_losses
from eval.results import Results


def test_letters_follow_the_order_of_the_configurations(experiment: tuple[Results, pd.DataFrame]) -> None:
    assert letters(experiment[0]) == {"closed_book": "A", "rag-hybrid-k3-rerank": "B", "lora-r16+rag-hybrid-k3": "C"}


def test_cells_say_what_is_shown_and_what_gains(experiment: tuple[Results, pd.DataFrame]) -> None:
    results, _ = experiment
    drawn = results.decision_map
    assert drawn is not None
    data = map_data(results)
    assert data is not None
    for row, cells in zip(data["cells"], drawn.cells, strict=True):
        for given, cell in zip(row, cells, strict=True):
            assert given == {"best": cell.best, "shown": cell.shown, "gains": cell.over_status_quo_usd >= 0}
    alone = cells[0].model_copy(update={"second": None, "lead_usd": None, "shown": False})
    single = drawn.model_copy(update={"cells": ((alone,),)})
    lonely = map_data(results.model_copy(update={"decision_map": single}))
    assert lonely is not None
    assert lonely["cells"][0][0]["shown"]  # nothing to be undecided against


def test_cadence_is_told_in_words(experiment: tuple[Results, pd.DataFrame]) -> None:
    drawn = experiment[0].decision_map
    assert drawn is not None
    cell = drawn.cells[0][0].model_copy(update={"retrain_months": None, "reindex_months": 1.0})
    assert cadence_words(cell) == "train again never, index again every month"


def test_losses_over_the_horizon_are_modelled_by_age(experiment: tuple[Results, pd.DataFrame]) -> None:
    results, _ = experiment
    assert modelled_losses(results) == {}
    all_at_once = results.scenario.model_copy(update={"churn_per_month": 1.0, "reindex_months": 1.0})
    found = modelled_losses(results.model_copy(update={"scenario": all_at_once}))
    # At a churn of 1 everything is stale from the first moment on, whatever the cadence: 0.03 + 0.5.
    assert found["rag-hybrid-k3-rerank"].value == pytest.approx(0.53)


def test_extrapolated_figures_are_marked(experiment: tuple[Results, pd.DataFrame], tmp_path: Path) -> None:
    results, frame = experiment
    changing = results.scenario.model_copy(update={"churn_per_month": 0.05})
    still = render(results, frame, tmp_path / "still.html").read_text(encoding="utf-8")
    moving = render(results.model_copy(update={"scenario": changing}), frame, tmp_path / "moving.html")
    assert "Lost over the horizon (x)" not in still
    text = moving.read_text(encoding="utf-8")
    assert "Lost over the horizon (x)" in text
    assert "24 months (x)</th>" in text


def test_hostile_names_are_escaped_in_every_table(experiment: tuple[Results, pd.DataFrame], tmp_path: Path) -> None:
    results, frame = experiment
    name = "<img src=x onerror=alert(1)>"
    assert results.decision_map is not None
    assert results.staleness is not None
    assert results.tornado is not None
    cell = results.decision_map.cells[0][0].model_copy(update={"best": name, "second": name})
    one = results.configurations[0].model_copy(update={"id": name})
    stale = next(iter(results.staleness.configurations.values()))
    hostile = results.model_copy(
        update={
            "configurations": (*results.configurations, one),
            "decision_map": results.decision_map.model_copy(update={"cells": ((cell,),)}),
            "staleness": results.staleness.model_copy(update={"configurations": {name: stale}}),
            "tornado": results.tornado.model_copy(update={"a": name, "b": name}),
        }
    )
    assert "<img" not in render(hostile, frame, tmp_path / "report.html").read_text(encoding="utf-8")


def test_absent_parts_say_why(experiment: tuple[Results, pd.DataFrame], tmp_path: Path) -> None:
    results, frame = experiment
    absent = {"tornado": "there is one configuration", "decision_map": "no map", "staleness": "facts cannot change"}
    bare = results.model_copy(update={"tornado": None, "decision_map": None, "staleness": None, "absent": absent})
    text = render(bare, frame, tmp_path / "report.html").read_text(encoding="utf-8")
    for reason in absent.values():
        assert f"Not shown: {reason}." in text
