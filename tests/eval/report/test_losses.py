"""The waterfall of where answers were lost."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from eval.diagnosis import LABELS
from eval.report import render
from eval.report.answers import embedded_answers
from eval.report.losses import LOSSES, advice, undiagnosed, waterfalls
from eval.results import Results


def diagnosed(results: Results, **diagnosis: int) -> Results:
    """The results with one configuration, diagnosed like this."""
    one = results.configuration("rag-hybrid-k3-rerank").model_copy(update={"diagnosis": diagnosis})
    return results.model_copy(update={"configurations": (one,)})


def test_stages_fall_from_all_answers_to_the_right_ones(experiment: tuple[Results, pd.DataFrame]) -> None:
    (fall,) = waterfalls(diagnosed(experiment[0], right=5, not_retrieved=4, in_context_but_not_read=1))
    assert fall.answers == 10
    assert [(stage.label, stage.number, stage.share, stage.start) for stage in fall.stages] == [
        ("not_retrieved", 4, 0.4, 0.6),
        ("in_context_but_not_read", 1, 0.1, 0.5),
        ("right", 5, 0.5, 0.0),
    ]


def test_right_answers_have_a_line_even_where_there_are_none(experiment: tuple[Results, pd.DataFrame]) -> None:
    (fall,) = waterfalls(diagnosed(experiment[0], from_memory=2))
    assert [(stage.label, stage.start) for stage in fall.stages] == [("from_memory", 0.0), ("right", 0.0)]


def test_every_label_has_a_name_and_a_remedy() -> None:
    assert tuple(LOSSES) == LABELS
    assert all(name and (remedy.endswith(".") or label == "right") for label, (name, remedy) in LOSSES.items())


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"right": 9}, "No answer was lost."),
        (
            {"right": 90, "not_retrieved": 3, "dropped_after_retrieval": 1},
            "Lost most often: not found by the search (3 of 4 wrong answers). "
            "Try hybrid search, a deeper search, or rewriting the question.",
        ),
        (
            {"cut_by_chunking": 2, "not_retrieved": 2},
            "Lost most often: cut apart by the chunker (2 of 4 wrong answers). "
            "Try larger chunks, an overlap, or a chunker that follows headings and paragraphs.",
        ),
    ],
)
def test_advice_is_about_the_stage_that_loses_most(counts: dict[str, int], expected: str) -> None:
    assert advice(counts) == expected  # type: ignore[arg-type]


def test_page_shows_representatives_first_and_the_others_folded(
    experiment: tuple[Results, pd.DataFrame], tmp_path: Path
) -> None:
    page = render(*experiment, tmp_path / "report.html").read_text(encoding="utf-8")
    section = page[page.index('<section id="losses"') : page.index('<section id="change"')]
    shown = re.findall(r'data-configuration="([^"]+)"', section.split("<details")[0])
    assert shown == [one.id for one in experiment[0].configurations if one.selected_on_dev]
    assert "The 4 other configurations" in section
    assert section.count("<caption") == 10
    assert len(section) < 50_000  # ten configurations of up to nine stages


def test_other_answer_strategies_are_shown_up_to_six(experiment: tuple[Results, pd.DataFrame], tmp_path: Path) -> None:
    results, frame = experiment
    base = results.configuration("rag-hybrid-k8")
    kinds = ("cite", "abstain", "stuff", "map_reduce", "refine", "vote", "verify", "rewrite")
    others = tuple(base.model_copy(update={"id": kind, "params": {"answer.kind": kind}}) for kind in kinds)
    kept = tuple(one for one in results.configurations if one.selected_on_dev)
    page = render(results.model_copy(update={"configurations": (*kept, *others)}), frame, tmp_path / "report.html")
    section = page.read_text(encoding="utf-8").split('<section id="losses"')[1].split("</section>")[0]
    shown, folded = (re.findall(r'data-configuration="([^"]+)"', part) for part in section.split("<details"))
    assert shown[len(kept) :] == ["cite", "abstain", "map_reduce", "refine", "vote", "verify"]
    assert folded == ["stuff", "rewrite"]


def test_without_a_diagnosis_the_section_says_why(experiment: tuple[Results, pd.DataFrame], tmp_path: Path) -> None:
    results, frame = experiment
    cleared = tuple(one.model_copy(update={"diagnosis": {}}) for one in results.configurations)
    absent = {"configurations.lora-r16.diagnosis": "no gold passages"}
    bare = results.model_copy(update={"configurations": cleared, "absent": absent})
    assert undiagnosed(bare) == [("lora-r16", "no gold passages")]
    text = render(bare, frame, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Not shown: no gold passages." in text


def test_hostile_names_are_escaped(experiment: tuple[Results, pd.DataFrame], tmp_path: Path) -> None:
    results, frame = experiment
    name = '"><img src=x onerror=alert(1)>'
    one = results.configuration("rag-hybrid-k8").model_copy(update={"id": name})
    hostile = results.model_copy(update={"configurations": (*results.configurations, one)})
    text = render(hostile, frame, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<img" not in text
    assert 'data-configuration="&#34;&gt;&lt;img' in text


def test_rows_point_to_their_stage(experiment: tuple[Results, pd.DataFrame]) -> None:
    data = json.loads(embedded_answers(*experiment))
    lost = data["rows"]["lost"]
    assert [data["stages"][place] for place in lost] == experiment[1]["lost_at"].tolist()
    assert data["stageNames"] == [LOSSES[label][0] for label in data["stages"]]


def test_a_table_of_an_earlier_run_has_no_stages(experiment: tuple[Results, pd.DataFrame], tmp_path: Path) -> None:
    results, frame = experiment
    earlier = frame.drop(columns="lost_at")
    data = json.loads(embedded_answers(results, earlier))
    assert (data["stages"], data["rows"]["lost"]) == ([], [])
    assert render(results, earlier, tmp_path / "report.html").exists()
