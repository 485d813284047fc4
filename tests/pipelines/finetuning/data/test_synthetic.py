"""Pairs drafted from the documents."""

from typing import Any

import pytest

from pipelines.corpus.drafting.checks import ELSEWHERE
from pipelines.errors import UserError

BY_RULE = {
    "In Kestrel, what stands behind weight?": " 12 kg\n",
    "In Orison, what stands behind weight?": " 14 kg\n",
    "In Sable, what stands behind weight?": " 9 kg\n",
}


def test_rules_alone_need_no_model(make: Any) -> None:
    made = make({"kind": "synthetic", "llm": False, "number": 5})
    assert {pair.question: pair.completion for pair in made.pairs} == BY_RULE
    assert all(pair.prompt == f"Question: {pair.question}\nAnswer:" for pair in made.pairs)
    assert made.counts == {"not drafted": 2}


def test_the_model_writes_about_prose_and_false_answers_are_counted(make: Any) -> None:
    def reply(prompt: str) -> str:
        passage = prompt.rpartition("Passage: ")[2]
        true = "blue" if "orison" in passage else "purple"
        return f" Which colour has the pump {passage.split()[2]}?\nAnswer: {true}"

    made = make({"kind": "synthetic", "passage": 100, "number": 8, "reviewer_minutes": 5}, reply=reply)
    # Each document is one passage of 100 characters, and the rules read a line of each: nothing is left to write about.
    assert {pair.question for pair in made.pairs} == set(BY_RULE)
    assert made.reviewer_minutes == 5
    assert ELSEWHERE not in made.counts


def test_a_model_without_a_usable_reply_is_an_error_that_names_the_kind(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.corpus.drafting import Drafts, draft

    monkeypatch.setattr(draft, "facts", lambda *_: Drafts())
    with pytest.raises(
        UserError, match="training_data: synthetic: the language model wrote no usable question about 3"
    ):
        make({"kind": "synthetic", "passage": 100}, reply=lambda text: " What?\nAnswer: purple")


def test_written_pairs_carry_their_question_for_the_leakage_guard(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.corpus.drafting import Drafts, draft

    monkeypatch.setattr(draft, "facts", lambda *_: Drafts())
    colours = {"Kestrel": "green", "Orison": "blue", "Sable": "black"}

    def reply(prompt: str) -> str:
        name = prompt.rpartition("Document: ")[2].split("\n")[0]
        return f" Which colour has the pump {name}?\nAnswer: {colours[name]}"

    made = make({"kind": "synthetic", "passage": 100, "number": 3}, reply=reply)
    assert sorted((pair.question, pair.completion) for pair in made.pairs) == [
        ("Which colour has the pump Kestrel?", " green\n"),
        ("Which colour has the pump Orison?", " blue\n"),
    ]
    assert made.counts == {ELSEWHERE: 1, "not drafted": 1}


@pytest.mark.slow
def test_the_embedded_model_writes_and_what_stays_stands_in_its_passage() -> None:
    from collections.abc import Sequence

    from pipelines.corpus.drafting.written import Asking, written
    from pipelines.corpus.passages import find_answer
    from pipelines.finetuning.data.synthetic import SyntheticConfig
    from pipelines.generation import language_models
    from pipelines.records import Answer, Chunk, Document, Prompt

    model = language_models.build(language_models.parse("embedded"))

    def complete(prompts: Sequence[Prompt], most: int) -> list[Answer]:
        answers = dict(model.generate(prompts, most))
        return [answers[place] for place in range(len(prompts))]

    text = "The Orchard footbridge was opened in 1931. It is 84 metres long and was designed by Ida Brandt of Arlen."
    documents, passage = {"a": Document("a", text, "Orchard footbridge")}, Chunk("a#0", "a", 0, len(text), text, text)
    prompt = SyntheticConfig().prompt
    made = written([passage], documents, Asking(prompt, 2, 48), complete)
    assert len(made.kept) + sum(made.dropped.values()) >= 1
    assert all(find_answer(one.answer, text) is not None for one in made.kept)
