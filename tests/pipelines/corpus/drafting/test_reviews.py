"""The log of a review."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from pipelines.corpus.drafting.reviews import (
    Decision,
    ReviewerMinutes,
    append,
    latest,
    log_of,
    minutes,
    read_decisions,
)
from pipelines.errors import UserError


def decision(name: str, what: Any = "accept", seconds: float = 30, split: str = "train") -> Decision:
    return Decision(id=name, decision=what, seconds=seconds, row={"id": name, "split": split})


def test_decisions_come_back_in_order_and_the_last_one_holds(tmp_path: Path) -> None:
    log = log_of(tmp_path / "questions.jsonl")
    assert log.name == "questions.review.jsonl"
    assert read_decisions(log) == []
    made = [decision("a"), decision("b", "reject"), decision("a", "undo"), decision("b", "accept")]
    for one in made:
        append(log, one)
    assert read_decisions(log) == made
    assert latest(made) == {"b": made[3]}


def test_a_line_cut_off_by_a_kill_is_ignored_and_cut_away(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    append(log, decision("a"))
    whole = log.read_bytes()
    log.write_bytes(whole + b'{"id": "b", "deci')
    assert [one.id for one in read_decisions(log)] == ["a"]
    append(log, decision("c"))
    assert [one.id for one in read_decisions(log)] == ["a", "c"]
    assert log.read_bytes().startswith(whole)


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    append(log, decision("a"))
    log.write_bytes(b"{}\n" + log.read_bytes())
    with pytest.raises(UserError, match=r"log\.jsonl:1: id: missing field"):
        read_decisions(log)


def test_minutes_count_rejected_and_undone_work_by_split() -> None:
    made = [
        decision("a", seconds=60),
        decision("b", "reject", 90),
        decision("c", "undo", 30),
        decision("d", split="test"),
    ]
    assert minutes(made) == pytest.approx(3.5)
    assert minutes(made, "train") == pytest.approx(3.0)
    assert minutes(made, "test") == pytest.approx(0.5)


class _Config(BaseModel):
    reviewer_minutes: ReviewerMinutes = 0.0


def test_a_config_takes_minutes_or_the_log(tmp_path: Path) -> None:
    append(tmp_path / "q.review.jsonl", decision("a", seconds=90))
    append(tmp_path / "q.review.jsonl", decision("b", seconds=600, split="test"))
    context = {"folder": tmp_path}
    given = {"reviewer_minutes": "q.review.jsonl"}
    assert _Config.model_validate(given, context=context).reviewer_minutes == pytest.approx(1.5)
    assert _Config.model_validate({"reviewer_minutes": 12}, context=context).reviewer_minutes == 12
    with pytest.raises(ValidationError, match="no review log"):
        _Config.model_validate({"reviewer_minutes": "other.jsonl"}, context=context)
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        _Config(reviewer_minutes=-1)
