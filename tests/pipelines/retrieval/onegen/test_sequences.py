"""Label masks, token by token."""

from typing import Any

import pytest

from pipelines.finetuning.examples import IGNORED
from pipelines.retrieval.onegen.sequences import answered, document, linked, read
from pipelines.retrieval.onegen.vocabulary import Vocabulary


@pytest.fixture
def vocabulary(toy: Any) -> Vocabulary:
    return Vocabulary.of(toy, "toy")


def words(vocabulary: Vocabulary, ids: Any) -> str:
    """Tokens as words, role tokens by name and positions without loss as dots."""
    roles = dict(zip(vocabulary.roles.ids, ["[RQ]", "[RD]", "[LK]", "[SE]", "[CONTINUE]"], strict=True))
    shown = [
        "." if one == IGNORED else roles.get(one) or vocabulary.tokenizer.convert_ids_to_tokens(one) for one in ids
    ]
    return " ".join(shown)


def test_single_hop_question(vocabulary: Vocabulary) -> None:
    made = answered(vocabulary, "what colour", [["pump is green"]], "green", 99)
    assert words(vocabulary, made.ids) == (
        "Question : what colour Answer : [RQ] Passage : pump is green Answer : green </s>"
    )
    assert words(vocabulary, made.labels) == ". . . . . . [RQ] . . . . . . . green </s>"
    assert made.vectors == (6,)


def test_multi_hop_question_searches_again_and_ends(vocabulary: Vocabulary) -> None:
    made = answered(vocabulary, "what", [["one"], ["two", "three"]], "blue", 99)
    assert words(vocabulary, made.ids) == (
        "Question : what Answer : [RQ] Passage : one Answer : [RQ] Passage : two Passage : three Answer : blue </s>"
    )
    assert words(vocabulary, made.labels) == ". . . . . [RQ] . . . . . [RQ] . . . . . . . . blue </s>"
    assert made.vectors == (5, 11)


def test_a_question_answered_without_search_carries_loss_on_the_answer_alone(vocabulary: Vocabulary) -> None:
    made = answered(vocabulary, "what", [], "red", 99)
    assert words(vocabulary, made.labels) == ". . . . . red </s>"
    assert made.vectors == ()


def test_linked_text(vocabulary: Vocabulary) -> None:
    made = linked(vocabulary, "the kestrel", ["kestrel", "pump"])
    assert words(vocabulary, made.ids) == (
        "Text : the kestrel Mentions : kestrel [LK] [CONTINUE] pump [LK] [CONTINUE] </s>"
    )
    assert words(vocabulary, made.labels) == ". . . . . . kestrel [LK] . pump [LK] . </s>"
    assert made.vectors == (7, 10)


def test_the_token_after_a_retrieval_token_carries_no_loss_even_where_it_is_written(vocabulary: Vocabulary) -> None:
    from pipelines.retrieval.onegen import sequences

    roles = vocabulary.roles
    made = sequences._joined(vocabulary, [([roles.query, 5, 6], True), ([roles.mention], True)])
    assert made.labels == (roles.query, IGNORED, 6, roles.mention)


def test_a_document_ends_in_its_token_and_is_cut_to_fit(vocabulary: Vocabulary) -> None:
    assert words(vocabulary, document(vocabulary, "the pump is green", 99).ids) == "the pump is green [RD]"
    assert words(vocabulary, document(vocabulary, "the pump is green", 3).ids) == "the pump [RD]"
    entity = document(vocabulary, "pump", 9, vocabulary.roles.entity)
    assert (words(vocabulary, entity.ids), entity.labels) == ("pump [SE]", (IGNORED, IGNORED))
    assert words(vocabulary, document(vocabulary, "", 9, by_sentence=True).ids) == "[RD]"


def test_a_document_by_sentence_has_a_vector_for_each_that_fits(vocabulary: Vocabulary) -> None:
    text = "pump is green. valve is red. hinge."
    made = document(vocabulary, text, 99, by_sentence=True)
    assert words(vocabulary, made.ids) == "pump is green . [RD] valve is red . [RD] hinge . [RD]"
    assert made.vectors == (4, 9, 12)
    assert document(vocabulary, text, 10, by_sentence=True).vectors == (4, 9)
    assert words(vocabulary, document(vocabulary, text, 4, by_sentence=True).ids) == "pump is green [RD]"


def test_passages_are_cut_one_by_one_and_none_may_be_found(vocabulary: Vocabulary) -> None:
    cut = read(vocabulary, ["one two three", "pump"], 3)
    assert words(vocabulary, cut) == "Passage : one Passage : pump Answer :"
    assert words(vocabulary, read(vocabulary, [], 3)) == "Answer :"
