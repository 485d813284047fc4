"""Train questions in other words."""

from typing import Any

import pytest

from pipelines.errors import UserError
from pipelines.finetuning.data.paraphrased import FIGURES, MISSING, REPEATED
from pipelines.records import Question


def test_the_answer_is_kept_and_useless_paraphrases_are_counted(make: Any) -> None:
    replies = {
        "kestrel": " What is the colour of the kestrel pump?\n2. WHICH colour has the kestrel pump",
        "orison": " In which colour is pump orison painted?\n2. What is the colour of the kestrel pump?",
        "sable": "",
    }

    def reply(prompt: str) -> str:
        asked = prompt.rpartition("Question: ")[2]
        return next(text for pump, text in replies.items() if pump in asked)

    made = make({"kind": "paraphrased"}, reply=reply)
    assert [(one.question, one.completion, one.question_id) for one in made.pairs] == [
        ("What is the colour of the kestrel pump?", " green\n", "kestrel"),
        ("In which colour is pump orison painted?", " blue\n", "orison"),
    ]
    assert made.counts == {MISSING: 3, REPEATED: 1}


def test_a_paraphrase_with_another_figure_asks_something_else(make: Any) -> None:
    asked = Question("q", "Who paid invoice 117 in 2025?", ("Ida",), "train")
    made = make(
        {"kind": "paraphrased"}, [asked], reply=lambda text: " Who paid 117 in 2026?\n2. By whom was 117 paid in 2025?"
    )
    assert [one.question for one in made.pairs] == ["By whom was 117 paid in 2025?"]
    assert made.counts == {FIGURES: 1}


def test_the_prompt_names_number_and_question(make: Any) -> None:
    seen: list[str] = []
    make({"kind": "paraphrased", "count": 4, "limit": 1}, reply=lambda text: seen.append(text) or " What then?")
    (prompt,) = seen
    assert "in 4 different ways" in prompt
    assert "{" not in prompt


def test_nothing_usable_and_nothing_to_paraphrase_are_errors(make: Any) -> None:
    with pytest.raises(UserError, match="no usable paraphrase of 3 questions"):
        make("paraphrased")
    with pytest.raises(UserError, match="the train split is empty"):
        make("paraphrased", [])
