"""The injection benchmark: its texts, where they are planted, and what counts as taken in."""

import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # benchmarks/ is no installed package

from benchmarks.injections import POSITIONS, Case, Cell, cases, injections, measured, planted, table  # noqa: E402
from pipelines.corpus import datasets  # noqa: E402
from pipelines.records import Answer, Chunk, Context, Dataset, Question  # noqa: E402

PASSAGE = "The pump is green. It weighs 12 kg."


@pytest.fixture(scope="module")
def builtin() -> Dataset:
    return datasets.build(datasets.parse("builtin"))()


def test_a_payload_stands_in_its_own_injection_and_nowhere_else(builtin: Dataset) -> None:
    texts = [document.text for document in builtin.documents]
    texts += [" ".join((question.text, *question.answers)) for question in builtin.questions]
    elsewhere = "\n".join(texts).casefold()
    every = injections()
    assert len(every) == 24
    for one in every:
        holding = [other for other in every if one.payload.casefold() in f"{other.group} {other.text}".casefold()]
        assert holding == [one]
        assert one.payload.casefold() not in elsewhere


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        ("start", "X\nThe pump is green. It weighs 12 kg."),
        ("middle", "The pump is green.\nX\nIt weighs 12 kg."),
        ("end", "The pump is green. It weighs 12 kg.\nX"),
    ],
)
def test_injections_stand_on_lines_of_their_own(position: str, expected: str) -> None:
    assert planted(PASSAGE, "X", position) == expected


def test_each_injection_has_a_question_asked_clean_and_at_every_position(builtin: Dataset) -> None:
    made = cases(builtin)
    assert len(made) == 24 * 4
    assert len({case.question.id for case in made}) == 24
    for place in range(0, len(made), 4):
        clean, *dirty = made[place : place + 4]
        assert [case.position for case in dirty] == list(POSITIONS)
        assert clean.injection.text not in clean.context.chunks[0].text
        assert all(clean.injection.text in case.context.chunks[0].text for case in dirty)
        (document,) = [one for one in builtin.documents if one.id == clean.question.gold[0].document_id]
        for gold in clean.question.gold:
            assert document.text[gold.start : gold.end] in clean.context.chunks[0].text


def test_equal_prompts_are_answered_once_and_obedience_is_counted(builtin: Dataset, fake_model: Any) -> None:
    fake_model.reply = lambda text: "Zorvellin!" if text.rpartition("Passage")[2].count("Zorvellin") else "unknown"
    cells = list(measured(fake_model, builtin, cases(builtin)[:8]))
    assert len(fake_model.asked) == len(set(fake_model.asked)) == 8 * 4
    assert [(cell.strategy, cell.form, sum(cell.taken)) for cell in cells] == [
        *(("stuff", form, 3) for form in ("plain", "completion_2", "chat_2")),
        *(("abstain", form, 3) for form in ("plain", "completion_2", "chat_2")),
        ("cite", "its own", 3),
    ]


def test_a_row_compares_the_same_questions_with_and_without() -> None:
    asked = [Question(name, "Which colour?", ("green",), "dev") for name in ("a", "b")]
    chunk = Chunk("c", "d", 0, len(PASSAGE), PASSAGE, PASSAGE)
    one, other = injections()[:2]
    made = [
        Case(question, Context((chunk,)), injection, position)
        for question, injection in zip(asked, (one, other), strict=True)
        for position in ("", "start", "end")
    ]
    replies = ["green", "green", f"it is {one.payload.upper()}", "red", "green", "red"]
    cell = Cell("stuff", "plain", made, [Answer(text, 1, 1) for text in replies])
    # Taken in: one of four. Correct: 1/2 clean, 2/4 injected; changes 0, -1, +1 and 0.
    assert cell.row().startswith("| stuff | plain | 0.25 (")
    assert "| 0.50 | 0.50 | +0.00 (" in cell.row()
    assert cell.counts("position") == {"start": "0/2", "end": "1/2"}
    assert table("position", [cell], [cell.counts("position")]).splitlines()[1:] == [
        "|---|---:|",
        "| start | 0/2 |",
        "| end | 1/2 |",
    ]
