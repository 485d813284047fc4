"""People's feedback: typed in a terminal or a notebook."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.feedback import Answered, read_answers, review, write_answers
from pipelines.errors import UserError
from pipelines.finetuning.preference.feedback.records import read_feedback

ROWS = [
    Answered(question="Which colour?", question_id="q1", answers=("red", "green", "blue")),
    Answered(question="How heavy?", answers=("10 kg", "12 kg")),
]


def typed(tmp_path: Path, *lines: str, seconds: float = 30.0) -> tuple[int, list[str]]:
    """Review ``ROWS`` typing ``lines``; the clock goes on by ``seconds`` for each look at it."""
    said, waiting, shown = iter(range(1000)), iter(lines), list[str]()

    def read(prompt: str) -> str:
        try:
            return next(waiting)
        except StopIteration:
            raise EOFError from None

    decided = review(
        ROWS, tmp_path / "f.jsonl", by="ann", show=shown.append, read=read, clock=lambda: seconds * next(said)
    )
    return decided, shown


def verdicts(tmp_path: Path) -> Iterator[tuple[str | None, str | None]]:
    return ((row.preferred, row.rejected) for row in read_feedback(tmp_path / "f.jsonl"))


def test_two_numbers_prefer_the_first_to_the_second(tmp_path: Path) -> None:
    decided, shown = typed(tmp_path, "2 1", "2 1")
    assert decided == 2
    assert list(verdicts(tmp_path)) == [("green", "red"), ("12 kg", "10 kg")]
    assert "  2  green" in shown
    first = read_feedback(tmp_path / "f.jsonl")[0]
    assert (first.question_id, first.who, first.by, first.minutes) == ("q1", "human", "ann", 0.5)


def test_one_number_prefers_it_to_all_others_and_the_time_is_shared(tmp_path: Path) -> None:
    typed(tmp_path, "3", "q")
    assert list(verdicts(tmp_path)) == [("blue", "red"), ("blue", "green")]
    assert sum(row.minutes for row in read_feedback(tmp_path / "f.jsonl")) == pytest.approx(0.5)


def test_review_goes_on_where_it_stopped_and_what_was_skipped_comes_again(tmp_path: Path) -> None:
    assert typed(tmp_path, "s", "1 2")[0] == 1
    decided, shown = typed(tmp_path, "1 2")
    assert decided == 1
    assert not any("How heavy?" in line for line in shown)
    assert [row.question for row in read_feedback(tmp_path / "f.jsonl")] == ["How heavy?", "Which colour?"]


@pytest.mark.parametrize("wrong", ["", "4", "0", "1 1", "1 2 3", "one", "-1", "1 x"])
def test_what_is_no_choice_is_asked_again(tmp_path: Path, wrong: str) -> None:
    decided, shown = typed(tmp_path, wrong, "1 2", "q")
    assert decided == 1
    assert sum("with numbers from 1 to 3" in line for line in shown) == 1


def test_a_reviewer_who_walks_away_counts_five_minutes(tmp_path: Path) -> None:
    typed(tmp_path, "1 2", "q", seconds=3600.0)
    assert read_feedback(tmp_path / "f.jsonl")[0].minutes == 5


def test_nothing_is_written_where_nothing_is_said(tmp_path: Path) -> None:
    assert typed(tmp_path)[0] == 0
    assert not (tmp_path / "f.jsonl").exists()


def test_answers_are_read_as_they_were_written_and_bad_rows_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    write_answers(ROWS, path)
    assert read_answers(path) == ROWS
    path.write_text('{"question": "Q?", "answers": ["one"]}\n{"answers": ["a", "b"]}\n')
    with pytest.raises(UserError) as caught:
        read_answers(path)
    assert [line.split(":")[1] for line in str(caught.value).splitlines()] == ["1", "2"]
