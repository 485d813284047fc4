"""Sources of feedback: files, references and a judge."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pipelines.errors import UserError
from pipelines.finetuning.preference.feedback import Collected, Sampled, Sources, feedback_kinds
from pipelines.finetuning.preference.feedback.judge import grade_in
from pipelines.finetuning.preference.feedback.records import Feedback, append_feedback, read_feedback
from pipelines.records import Answer, Question

PUMP = Question("p", "Which colour has the pump?", ("green",), "train")
SAMPLED = (Sampled("Question: Which colour has the pump?\nAnswer:", PUMP, ("green", "red")),)


def collect(config: dict[str, Any], tmp_path: Path, **own: Any) -> Collected:
    def unused(*_: Any) -> Any:
        raise AssertionError("not asked for")

    usual = {"sampled": SAMPLED, "score": unused, "complete": unused, "load": unused}
    sources = Sources(**(usual | own), base_name="b", folder=tmp_path, seed=1)
    return feedback_kinds.build(feedback_kinds.parse(config))(sources)


def test_written_rows_are_read_again_and_a_killed_line_is_not_continued(tmp_path: Path) -> None:
    path, first = tmp_path / "f.jsonl", Feedback(question="Q?", answer="a", score=0.5, by="me", minutes=0.25)
    second = Feedback(question="R?", preferred="a", rejected="b", who="ai")
    append_feedback(path, [first])
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    append_feedback(path, [second])
    assert read_feedback(path) == [first, second]


def test_every_row_that_is_no_verdict_is_named(tmp_path: Path) -> None:
    rows = [
        {"question": "Q?", "answer": "a"},
        {"question": "Q?", "answer": "a", "score": 1, "preferred": "a", "rejected": "b"},
        {"question": "Q?", "answer": "a", "scoer": 1},
        {"question": "Q?", "preferred": "a", "rejected": "b", "minutes": -1},
        {"question": "Q?", "answer": "a", "score": 1},
    ]
    path = tmp_path / "f.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read_feedback(path)
    lines = str(caught.value).splitlines()
    assert [line.removeprefix(f"{path}:")[0] for line in lines] == list("1234")
    assert "give answer and score, or preferred and rejected" in lines[0]
    assert "did you mean 'score'" in lines[2]


def test_empty_and_missing_files_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(UserError, match="holds no verdict"):
        read_feedback(tmp_path / "empty.jsonl")
    with pytest.raises(UserError, match="no such file"):
        read_feedback(tmp_path / "none.jsonl")


def test_config_of_a_file_holds_its_checksum_so_other_content_is_other_feedback(tmp_path: Path) -> None:
    path, context = tmp_path / "f.jsonl", {"folder": tmp_path}
    append_feedback(path, [Feedback(question="Q?", answer="a", score=0.5)])
    before = feedback_kinds.parse({"kind": "file", "path": "f.jsonl"}, context)
    assert feedback_kinds.parse(before.model_dump(), context) == before
    append_feedback(path, [Feedback(question="Q?", answer="b", score=0.1)])
    assert feedback_kinds.parse({"kind": "file", "path": "f.jsonl"}, context) != before
    with pytest.raises(ValidationError, match="has changed since"):
        feedback_kinds.parse(before.model_dump(), context)
    path.unlink()
    assert feedback_kinds.parse(before.model_dump(), context) == before


def test_minutes_of_a_file_are_added_up(tmp_path: Path) -> None:
    rows = [Feedback(question="Q?", answer=a, score=s, minutes=0.25) for a, s in (("a", 1), ("b", 0))]
    append_feedback(tmp_path / "f.jsonl", rows)
    found = collect({"kind": "file", "path": str(tmp_path / "f.jsonl")}, tmp_path)
    assert (found.feedback, found.minutes) == (tuple(rows), 0.5)


def test_reference_scores_every_sampled_answer_by_the_metric(tmp_path: Path) -> None:
    asked = []

    def score(metric: str, question: Question, answer: str) -> float:
        asked.append((metric, question.id, answer))
        return float(answer in question.answers)

    found = collect({"kind": "reference", "metric": "correct"}, tmp_path, score=score)
    assert asked == [("correct", "p", "green"), ("correct", "p", "red")]
    assert [(row.answer, row.score, row.who, row.by) for row in found.feedback] == [
        ("green", 1.0, "ai", "correct"),
        ("red", 0.0, "ai", "correct"),
    ]


def test_judge_sees_reference_and_answer_and_its_grade_is_the_score(fake_model, tmp_path: Path) -> None:
    fake_model.reply = lambda text: "Grade: 9/10" if "grade: green" in text else "3"
    spent = []

    def complete(config: Any) -> Any:
        def ask(prompts: Any, length: int) -> list[Answer]:
            spent.extend(prompts)
            return [answer for _, answer in sorted(fake_model.generate(prompts, length))]

        return fake_model, ask

    found = collect({"kind": "judge", "llm": "fake"}, tmp_path, complete=complete)
    assert [(row.answer, row.score, row.by) for row in found.feedback] == [("green", 0.9, "fake"), ("red", 0.3, "fake")]
    assert all("Reference answer: green" in prompt.text and PUMP.text in prompt.text for prompt in spent)
    assert found.spent.output_tokens == 2


def test_judge_that_cannot_be_read_stops_the_run(fake_model, tmp_path: Path) -> None:
    answers = [Answer("fine", 1, 1), Answer("10", 1, 1)]
    with pytest.raises(UserError, match=r"1 of 2 grades of fake cannot be read"):
        collect({"kind": "judge", "llm": "fake"}, tmp_path, complete=lambda _: (fake_model, lambda *_: answers))


def test_grades() -> None:
    assert [grade_in(text) for text in ("10", "7/10", "Grade: 0.", "a 3 and a 3")] == [10, 7, 0, 3]
    assert [grade_in(text) for text in ("", "good", "3 or 4", "11", "7.5")] == [None] * 5


def test_reward_model_does_not_learn_from_a_reward_model() -> None:
    inner = {"kind": "reward_model", "learn_from": "reference"}
    with pytest.raises(ValidationError, match="not from a reward model"):
        feedback_kinds.parse({"kind": "reward_model", "learn_from": inner})
