"""Questions from outside: what is taken, and that they are answered in turn."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.pipeline import Pipeline
from assay.serving.asking import NoAnswerError, as_json, ask, passages, question_of
from pipelines.errors import UserError
from pipelines.generation import Timing
from pipelines.records import Answer

MakePipeline = Callable[..., Pipeline]
KESTREL = "Which colour has the kestrel pump?"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "question: it is empty"),
        (" \n\t", "question: it is empty"),
        ("a" * 10_001, "question: 10,001 characters; at most 10,000"),
        ("a\ud800", "question: half a character .* at place 1"),
    ],
)
def test_what_is_no_question_is_told_in_one_line(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as told:
        question_of(text)
    assert "\n" not in str(told.value)


@given(st.text(max_size=200))
def test_every_valid_text_with_a_word_is_taken_as_it_is(text: str) -> None:
    if text.strip():
        assert question_of(text).text == text
    else:
        with pytest.raises(UserError):
            question_of(text)


def test_the_answer_in_plain_values(make_pipeline: MakePipeline, fake_model: Any) -> None:
    fake_model.reply = lambda text: "green"
    reply = as_json(ask(make_pipeline(), question_of(KESTREL)))
    seconds = reply.pop("seconds")
    assert list(seconds) == ["retrieve", "prompt", "prefill", "decode"]
    prompt = "Passage: # The kestrel pump The kestrel pump is green. It weighs 10 kg and costs EUR 200."
    others = reply["passages"].pop()
    assert others["document"] != "kestrel.md"
    assert reply == {
        "answer": "green",
        "passages": [
            {
                "id": "kestrel.md#0",
                "document": "kestrel.md",
                "text": "# The kestrel pump\n\nThe kestrel pump is green. It weighs 10 kg and costs EUR 200.",
            }
        ],
        "citations": [],
        "tokens": {
            "input": len(f"{prompt} Passage: {others['text']} Question: {KESTREL} Answer:".split()),
            "output": 1,
        },
    }


def test_a_model_that_fails_is_an_error_with_its_message(
    make_pipeline: MakePipeline, fake_model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = Answer("", 0, 0, error="HTTP 500")
    monkeypatch.setattr(fake_model, "respond", lambda *asked: (failed, Timing(0, 0)), raising=False)
    with pytest.raises(NoAnswerError, match="gave no answer: HTTP 500"):
        ask(make_pipeline(), question_of(KESTREL))


def test_pipelines_that_share_their_models_answer_in_turn(make_pipeline: MakePipeline, fake_model: Any) -> None:
    inside, most, guard = 0, 0, Lock()

    def reply(text: str) -> str:
        nonlocal inside, most
        with guard:
            inside += 1
            most = max(most, inside)
        time.sleep(0.01)
        with guard:
            inside -= 1
        return text.rpartition("Question: ")[2].removesuffix("\nAnswer:")

    fake_model.reply = reply
    pipelines = [make_pipeline("bm25"), make_pipeline("closed")]
    asked = [f"Is pump {number} green?" for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: ask(pipelines[n % 2], question_of(asked[n])).answer.text, range(8)))
    assert answers == asked
    assert most == 1


def test_what_retrieves_nothing_has_no_passages(make_pipeline: MakePipeline) -> None:
    with pytest.raises(UserError, match="closed: arm closed_book retrieves nothing"):
        passages(make_pipeline("closed"), question_of(KESTREL))


def test_document_rights_go_by_the_askers_metadata(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline("rights")
    assert passages(pipeline, question_of(KESTREL)).chunks == ()
    allowed = passages(pipeline, question_of(KESTREL, {"groups": "staff"})).chunks
    assert allowed[0].id == "kestrel.md#0"
