"""Enrichments that a language model writes. What it replies is set by the test; all else is real."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from pipelines.pre_retrieval.enrichment import enrichments
from pipelines.pre_retrieval.enrichment.hypothetical_questions import questions
from pipelines.records import Answer, Chunk, Document, Prompt
from pipelines.tools import Tools

DOCUMENTS = {"a": Document("a", "The pump is red. It weighs 12 kg. {x}", "Pumps")}
ONE, TWO = (
    Chunk("a#0", "a", 0, 16, "The pump is red.", "Pumps\nThe pump is red."),
    Chunk("a#1", "a", 17, 33, "It weighs 12 kg.", "It weighs 12 kg."),
)
PAIR = Chunk("pair", "train:1", 0, 3, "Q A", "Q")


@dataclass
class Asked:
    """What a technique asked, call by call."""

    reply: Callable[[str], str]
    calls: list[list[Prompt]] = field(default_factory=list)

    def __call__(self, prompts: Sequence[Prompt], max_new_tokens: int) -> list[Answer]:
        self.calls.append(list(prompts))
        texts = [self.reply(prompt.text) for prompt in prompts]
        return [
            Answer("" if text == "ERROR" else text, 5, 5, error="down" if text == "ERROR" else "") for text in texts
        ]


def enriched(model: object, asked: Asked, chunks: list[Chunk], **config: Any) -> list[Chunk]:
    enrich = enrichments.build(enrichments.parse(config))
    return enrich(chunks, DOCUMENTS, Tools(model, asked))  # type: ignore[arg-type]


def test_the_sentence_stands_in_front_of_what_is_indexed(fake_model: object) -> None:
    asked = Asked(lambda text: " About the pump. " if "Passage: The pump" in text else "About weight.")
    found = enriched(fake_model, asked, [ONE, PAIR, TWO], kind="llm_context")
    assert [chunk.indexed for chunk in found] == [
        "About the pump.\nPumps\nThe pump is red.", "Q", "About weight.\nIt weighs 12 kg.",
    ]  # fmt: skip
    assert [(chunk.id, chunk.text, chunk.span) for chunk in found] == [
        (chunk.id, chunk.text, chunk.span) for chunk in (ONE, PAIR, TWO)
    ]


def test_all_prompts_go_in_one_call_and_share_their_prefix(fake_model: object) -> None:
    asked = Asked(lambda text: "x")
    enriched(fake_model, asked, [ONE, TWO, ONE], kind="llm_context", document_characters=16)
    ((first, second),) = asked.calls
    assert first.prefix == second.prefix != ""
    assert first.text == first.prefix + "Pumps\nThe pump is red.\nPassage: The pump is red.\nSentence:"
    assert second.text.endswith("Pumps\nThe pump is red.\nPassage: It weighs 12 kg.\nSentence:")


@pytest.mark.parametrize("kind", ["llm_context", "hypothetical_questions"])
def test_failures_fall_back_to_the_chunk_and_are_counted(
    fake_model: object, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    asked = Asked(lambda text: "ERROR" if "Passage: The pump" in text else " ")
    assert enriched(fake_model, asked, [ONE, TWO, PAIR], kind=kind) == [ONE, TWO, PAIR]
    assert [record.getMessage() for record in caplog.records] == [
        f"{kind}: 2 of 2 chunks are indexed without it (no usable reply)"
    ]


@pytest.mark.parametrize("kind", ["llm_context", "hypothetical_questions"])
def test_no_chunk_asks_nothing(fake_model: object, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    asked = Asked(lambda text: "x")
    assert enriched(fake_model, asked, [], kind=kind) == []
    assert asked.calls == []
    assert not caplog.records


def test_each_question_is_an_entry_of_its_own(fake_model: object) -> None:
    asked = Asked(lambda text: "What colour is it? | Is it red?" if "Passage: The pump" in text else "ERROR")
    found = enriched(fake_model, asked, [ONE, TWO, PAIR], kind="hypothetical_questions")
    assert [(chunk.id, chunk.indexed) for chunk in found] == [
        ("a#0", ONE.indexed), ("a#0?0", "What colour is it?"), ("a#0?1", "Is it red?"),
        ("a#1", TWO.indexed), ("pair", "Q"),
    ]  # fmt: skip
    assert {(chunk.text, chunk.span) for chunk in found[:3]} == {(ONE.text, ONE.span)}
    (prompts,) = asked.calls
    assert prompts[0].prefix.startswith("Write 3 short questions")
    assert prompts[0].text == prompts[0].prefix + "Pumps\nPassage: The pump is red.\nQuestions:"


def test_the_text_is_left_out_on_request_and_kept_where_there_is_no_question(fake_model: object) -> None:
    asked = Asked(lambda text: "Is it red?" if "Passage: The pump" in text else "no question")
    found = enriched(fake_model, asked, [ONE, TWO], kind="hypothetical_questions", keep_text=False)
    assert [chunk.id for chunk in found] == ["a#0?0", "a#1"]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("1. Who? | 2) When? | - Where? | Why?", ["Who?", "When?", "Where?"]),
        ("Here are three questions:\n* Who did it?\n* Who did it?", ["Who did it?"]),
        ("Who? When? And wh", ["Who?", "When?"]),
        ("谁？| كيف؟", ["谁？", "كيف؟"]),
        ("? | 12? | A statement.", []),
        ("", []),
    ],
)
def test_questions_of_a_reply(reply: str, expected: list[str]) -> None:
    assert questions(reply, 3) == expected


@pytest.mark.slow
def test_the_embedded_model_writes_with_the_prompts(tmp_path_factory: pytest.TempPathFactory) -> None:
    from pipelines.generation import language_models

    model = language_models.build(language_models.parse("embedded"))

    def complete(prompts: Sequence[Prompt], max_new_tokens: int) -> list[Answer]:
        answers = dict(model.generate(prompts, max_new_tokens))
        return [answers[place] for place in range(len(prompts))]

    tools = Tools(model, complete)
    for kind in ("llm_context", "hypothetical_questions"):
        found = enrichments.build(enrichments.parse({"kind": kind, "max_new_tokens": 40}))([ONE], DOCUMENTS, tools)
        assert found[-1].indexed != ONE.indexed
        assert "pump" in found[-1].indexed.lower()
