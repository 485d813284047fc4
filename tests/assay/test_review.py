"""The review of drafted questions."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from assay.cli.reviewing import review_in_terminal
from assay.review import LONGEST_PAUSE, Review, open_review
from assay.review_card import Card
from pipelines.corpus.drafting.reviews import read_decisions
from pipelines.errors import UserError

PASSAGE = "The Kestrel pump weighs 12 kg and is <green>."


class Clock:
    """Seconds that pass when the test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def row(name: str, split: str = "test", question: str = "", answer: str = "12 kg") -> dict[str, Any]:
    gold = [{"document": "k.md", "text": PASSAGE}]
    text = question or f"What does pump number {name} weigh on a Sunday?"
    return {"id": name, "question": text, "answer": answer, "split": split, "gold": gold}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "questions.jsonl"
    rows = [row("a"), row("b", "dev"), row("c", "train", "Who painted the Orison in the spring of that year?")]
    made.write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    return made


def rows_of(path: Path) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in map(json.loads, path.read_text(encoding="utf-8").splitlines())}


def test_decisions_change_the_file_at_once_and_keep_what_was_drafted(path: Path) -> None:
    before, clock = rows_of(path), Clock()
    review = Review(path, clock=clock)
    review.show()
    clock.now = 30
    review.accept()
    review.show()
    clock.now = 90
    review.edit("How heavy is the Kestrel?", " 12  kg ")
    review.show()
    clock.now = 100
    review.reject("not about\nus")
    assert rows_of(path) == {"a": before["a"], "b": {**before["b"], "question": "How heavy is the Kestrel?"}}
    log = read_decisions(review.log)
    assert [(one.id, one.decision, one.reason, one.seconds) for one in log] == [
        ("a", "accept", "", 30), ("b", "edit", "", 60), ("c", "reject", "not about us", 10),
    ]  # fmt: skip
    assert {one.id: one.row for one in log} == before
    assert review.show() is None
    done = review.summary()
    assert (done.accepted, done.edited, done.rejected, done.open) == (2, 1, 1, 0)
    assert done.acceptance == pytest.approx(2 / 3)
    assert done.minutes == pytest.approx(100 / 60)
    assert done.minutes_on_train == pytest.approx(10 / 60)
    assert str(done).startswith("accepted 2 (67% of those decided), 1 of them edited; rejected 1; open 0; 1.7 minutes")


def test_a_killed_review_goes_on_and_applies_what_it_logged(path: Path) -> None:
    drafted = path.read_text(encoding="utf-8")
    review = open_review(path)
    review.reject("no")
    review.edit(answer="green")
    changed = path.read_text(encoding="utf-8")
    path.write_text(drafted, encoding="utf-8")  # as if the process had died between the log and the file
    again = open_review(path)
    assert path.read_text(encoding="utf-8") == changed
    card = again.show()
    assert card is not None
    assert (card.question, card.number, card.total) == ("Who painted the Orison in the spring of that year?", 3, 3)


def test_what_people_change_by_hand_stays(path: Path) -> None:
    review = open_review(path)
    review.accept()
    review.edit(answer="green")
    mine = {name: {**one, "track": "mine"} for name, one in rows_of(path).items()}
    path.write_text("".join(json.dumps(one) + "\n" for one in mine.values()), encoding="utf-8")
    open_review(path)
    assert rows_of(path) == mine


def test_undo_takes_back_one_decision_after_the_other(path: Path) -> None:
    before = rows_of(path)
    review = open_review(path)
    review.edit(answer="green")
    review.reject("no")
    assert review.undo() == "b"
    assert rows_of(path) == {**before, "a": {**before["a"], "answer": "green"}}
    assert review.undo() == "a"
    assert rows_of(path) == before
    assert review.undo() is None
    assert review.summary().open == 3


def test_a_long_pause_is_not_work(path: Path) -> None:
    clock = Clock()
    review = Review(path, clock=clock)
    review.show()
    clock.now = 9999
    review.accept()
    assert review.summary().minutes == LONGEST_PAUSE / 60


def test_a_split_alone_and_skipping(path: Path) -> None:
    review = open_review(path, "dev")
    assert review.summary().open == 1
    review.skip()
    assert review.show() is None
    card = open_review(path, "dev").show()
    assert card is not None
    assert card.split == "dev"


def test_edits_that_break_a_question_are_refused_and_nothing_is_logged(path: Path) -> None:
    review = open_review(path)
    with pytest.raises(UserError, match="is empty"):
        review.edit(question=" ")
    with pytest.raises(UserError, match="'red' does not stand in the passage"):
        review.edit(answer="red")
    with pytest.raises(UserError, match="asks what c asks in another split"):
        review.edit(question="who painted the Orison in the spring of that year")
    assert read_decisions(review.log) == []
    review.edit("What does pump number b weigh on a Sunday?", "red", elsewhere=True)  # as dev asks: no leak
    assert rows_of(path)["a"]["answer"] == "red"
    with pytest.raises(UserError, match="asks what c asks"):
        review.edit(question="Who painted the Orison in the spring of that year?")


def test_files_that_are_no_question_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is none"):
        open_review(tmp_path / "q.jsonl")
    (tmp_path / "q.jsonl").write_text('{"question": "Who?"}\n{"id": "a"}\n', encoding="utf-8")
    with pytest.raises(UserError) as error:
        open_review(tmp_path / "q.jsonl")
    assert [line.partition("jsonl:")[2] for line in str(error.value).splitlines()] == [
        "1: id: must be a text; a review needs one for every question",
        "2: question: must be a text; a review needs one for every question",
    ]


def test_a_card_marks_the_answer_and_escapes_the_text(path: Path) -> None:
    card = open_review(path).show()
    assert card is not None
    html = card._repr_html_()
    assert "weighs <mark>12 kg</mark> and is &lt;green&gt;." in html
    assert "1 of 3 test" in html
    several = Card.of({"question": "?", "answers": ["zwölf", "GREEN"], "gold": [{"text": PASSAGE}]}, 1, 1)
    assert "&lt;<mark>green</mark>&gt;" in several._repr_html_()


def typed(path: Path, *lines: str) -> tuple[Review, str]:
    def read(prompt: str) -> str:
        if not rest:
            raise EOFError
        return rest.pop(0)

    rest, out, review = list(lines), io.StringIO(), open_review(path)
    review_in_terminal(review, Console(file=out, width=100), read)
    return review, out.getvalue()


def test_keys_of_the_terminal(path: Path) -> None:
    review, shown = typed(path, "x", "a", "e", "", "red", "y", "r", "off topic")
    assert [(one.id, one.decision) for one in read_decisions(review.log)] == [
        ("a", "accept"), ("b", "edit"), ("c", "reject"),
    ]  # fmt: skip
    assert rows_of(path)["b"]["answer"] == "red"
    assert "'x' is none of" in shown
    assert "What does pump number a weigh on a Sunday?" in shown


def test_undo_quit_and_an_answer_from_elsewhere_that_was_not_meant(path: Path) -> None:
    review, shown = typed(path, "a", "u", "e", "", "red", "n", "q", "a")
    assert [(one.id, one.decision) for one in read_decisions(review.log)] == [("a", "accept"), ("a", "undo")]
    assert "open again" in shown
    assert review.summary().open == 3
