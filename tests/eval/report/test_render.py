"""The whole page as a file."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from eval.report import render
from eval.results import Results


@pytest.fixture(scope="module")
def page(experiment: tuple[Results, pd.DataFrame], tmp_path_factory: pytest.TempPathFactory) -> str:
    return render(*experiment, tmp_path_factory.mktemp("report") / "report.html").read_text(encoding="utf-8")


def rendered(results: Results, frame: pd.DataFrame, folder: Path) -> str:
    return render(results, frame, folder / "report.html").read_text(encoding="utf-8")


def test_it_returns_the_path_and_leaves_nothing_else(experiment: tuple[Results, pd.DataFrame], tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    assert render(*experiment, path) == path
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_loaded_from_anywhere(page: str) -> None:
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!#|data:,)""", page.split("<script", 1)[0])
    assert "@import" not in page
    assert "url(" not in page


def test_failures_come_before_the_title(page: str) -> None:
    assert page.index("This run had failures") < page.index("<h1")


def test_hostile_answers_are_text(page: str) -> None:
    assert "<script>alert(1)" not in page
    assert "<img" not in page
    assert page.count("</script>") == 3


def test_data_blocks_are_json(page: str) -> None:
    blocks = re.findall(r'<script type="application/json" id="([a-z-]+)">(.*?)</script>', page, re.DOTALL)
    assert {name: type(json.loads(text)) for name, text in blocks} == {"chart-data": dict, "answer-data": dict}


def test_absent_parts_give_their_reason(experiment: tuple[Results, pd.DataFrame], tmp_path: Path) -> None:
    results, frame = experiment
    absent = {"fact_change": "the dataset has no changes", "showcase": "dev was empty"}
    bare = results.model_copy(
        update={"fact_change": None, "showcase": None, "small_sample": None, "absent": absent, "break_even": ()}
    )
    text = rendered(bare, frame, tmp_path)
    assert "Not shown: the dataset has no changes." in text
    assert "Not shown: dev was empty." in text
    assert "Not shown: this run did not measure it." in text


def test_an_arm_that_was_not_run_says_why(experiment: tuple[Results, pd.DataFrame], tmp_path: Path) -> None:
    results, frame = experiment
    kept = tuple(c for c in results.configurations if c.arm != "lora")
    update = {"configurations": kept, "comparisons": (), "absent": {"lora": "training was left out"}}
    assert "Not run: training was left out" in rendered(results.model_copy(update=update), frame, tmp_path)


def test_an_arm_that_was_not_run_for_no_known_reason_says_so_once(
    experiment: tuple[Results, pd.DataFrame], tmp_path: Path
) -> None:
    results, frame = experiment
    kept = tuple(c for c in results.configurations if c.arm != "lora")
    showcase = results.showcase
    assert showcase is not None
    asked = showcase.model_copy(update={"answers": tuple(a for a in showcase.answers if a.arm != "lora")})
    update = {"configurations": kept, "comparisons": (), "absent": {}, "showcase": asked}
    text = rendered(results.model_copy(update=update), frame, tmp_path)
    cell = text.split('data-arm="lora"')[1].split("</div>")[0]
    assert re.findall(r">([^<>\n]+)<", cell) == ["LoRA ", "No context", "Not run"]
    assert text.count('<span class="absent">Not run</span>') == 1


def test_losses_come_right_after_verdict_and_tracks(page: str) -> None:
    sections = re.findall(r'<section id="([a-z-]+)"', page)
    assert sections[:4] == ["grid", "verdict", "tracks", "losses"]
    assert re.findall(r'<a href="#([a-z-]+)">', page.split("</nav>")[0].split("<nav")[1]) == sections


def test_confidence_is_a_section_where_there_is_one(
    page: str, experiment: tuple[Results, pd.DataFrame], tmp_path: Path
) -> None:
    section = page.split('<section id="confidence"')[1].split("</section>")[0]
    assert "0.74" in section
    assert "0.66 to 0.81" in section
    results, frame = experiment
    silent = tuple(one.model_copy(update={"confidence": None}) for one in results.configurations)
    without = rendered(results.model_copy(update={"configurations": silent}), frame, tmp_path)
    assert "#confidence" not in without


def test_comparisons_within_a_track_are_folded_under_the_tracks(
    experiment: tuple[Results, pd.DataFrame], tmp_path: Path
) -> None:
    results, frame = experiment
    shown, other = (one.model_copy(update={"verdict": v}) for one, v in zip(results.comparisons, "ab", strict=False))
    unsure = shown.model_copy(update={"verdict": "undecided", "a": "<b>bold</b>"})
    by_track = {"task": (shown, other, unsure), "in_training": (unsure,), "only_in_documents": ()}
    text = rendered(results.model_copy(update={"track_comparisons": by_track}), frame, tmp_path)
    section = text.split('<section id="tracks"')[1].split("</section>")[0]
    folded = re.findall(r"<summary>(.*?)</summary>", section)
    assert folded == ["Compared on task alone: 2 of 3 shown", "Compared on in_training alone: 0 of 1 shown"]
    assert f"{shown.a} is shown better than {shown.b}" in section
    assert f"{other.b} is shown better than {other.a}" in section
    assert "&lt;b&gt;bold&lt;/b&gt; against" in section
    assert "Compared on" not in rendered(results, frame, tmp_path)


def test_an_untroubled_run_has_no_warnings(experiment: tuple[Results, pd.DataFrame], tmp_path: Path) -> None:
    results, frame = experiment
    sound = tuple(c.model_copy(update={"errors": 0}) for c in results.configurations)
    assert 'role="note"' not in rendered(results.model_copy(update={"configurations": sound}), frame, tmp_path)


def test_hostile_names_are_escaped(experiment: tuple[Results, pd.DataFrame], tmp_path: Path) -> None:
    results, frame = experiment
    name = "<script>alert(9)</script>"
    text = rendered(results.model_copy(update={"name": name, "warnings": (name,)}), frame, tmp_path)
    assert name not in text
    assert text.count("&lt;script&gt;alert(9)&lt;/script&gt;") == 3


def test_a_lone_surrogate_does_not_stop_the_report(experiment: tuple[Results, pd.DataFrame], tmp_path: Path) -> None:
    results, frame = experiment
    broken = frame.astype({"answer": object})
    broken.loc[0, "answer"] = "half \ud83d an emoji"
    assert "half ? an emoji" in rendered(results, broken, tmp_path)


def test_a_frame_read_from_parquet_gives_the_same_page(
    experiment: tuple[Results, pd.DataFrame], page: str, tmp_path: Path
) -> None:
    results, frame = experiment
    frame.to_parquet(tmp_path / "per_question.parquet")
    assert rendered(results, pd.read_parquet(tmp_path / "per_question.parquet"), tmp_path) == page
