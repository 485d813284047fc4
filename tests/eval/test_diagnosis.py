"""Where answers were lost, by hand: one document of 52 characters, gold passages and chunks cut from it."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.diagnosis import LABELS, UNKNOWN_GOLD, Searched, diagnose, label
from eval.evaluator import evaluate
from eval.evidence import evidence
from eval.results import ARMS
from eval.scores import score_configuration
from pipelines.records import Answer, Chunk, Context, Question, Span

TEXT = "The kestrel pump is green. It weighs 12 kg when dry."
#       0         1         2         3         4         5
COLOUR, WEIGHT = Span("pump", 0, 26), Span("pump", 27, 52)
WRONG, REFUSED = Answer("purple", 9, 1), Answer("unknown", 9, 1)


def chunk(start: int, end: int, document: str = "pump", **fields: Any) -> Chunk:
    piece = TEXT[start:end]
    return Chunk(f"{document}#{start}-{end}", document, start, end, **{"text": piece, "indexed": piece, **fields})


def asked(*answers: str, gold: tuple[Span, ...] = (COLOUR,), **fields: Any) -> Question:
    return Question("q", "?", answers or ("green",), "test", gold, **fields)


def lost(
    question: Question,
    read: tuple[Chunk, ...] = (),
    found: tuple[Chunk, ...] = (),
    indexed: tuple[Chunk, ...] = (chunk(0, 26), chunk(27, 52)),
    answer: Answer = WRONG,
    **fields: Any,
) -> str:
    given = {"right": False, "documents": {"pump"}, **fields}
    return label("rag", question, answer, Context(read), Searched(found, indexed), **given)


def test_a_right_answer_is_right_however_it_was_found() -> None:
    assert lost(asked(), right=True) == "right"


def test_a_failed_request_is_neither_misread_nor_a_refusal() -> None:
    assert lost(asked(), (chunk(0, 26),), answer=Answer("", 0, 0, error="too long")) == "failed"


def test_gold_document_outside_the_corpus() -> None:
    assert lost(asked(), documents={"valve"}) == "not_in_corpus"
    assert lost(asked(gold=(COLOUR, Span("valve", 0, 9)))) == "not_in_corpus"
    assert lost(asked(), documents=None) == "not_retrieved"


def test_answerable_question_without_a_gold_passage() -> None:
    assert lost(asked(gold=()), (chunk(0, 26),)) == "no_gold_passage"


def test_wrong_answer_to_an_unanswerable_question() -> None:
    assert lost(asked(gold=(), answerable=False)) == "answered_though_unanswerable"


def test_passage_among_none_of_the_hits() -> None:
    assert lost(asked(), found=(chunk(27, 52),), read=(chunk(27, 52),)) == "not_retrieved"


def test_same_offsets_of_another_document_are_another_passage() -> None:
    assert lost(asked(), found=(chunk(0, 26, "valve"),)) == "not_retrieved"


def test_hit_that_was_not_read_was_dropped() -> None:
    assert lost(asked(), found=(chunk(27, 52), chunk(0, 26)), read=(chunk(27, 52),)) == "dropped_after_retrieval"


def test_passage_in_the_context_with_a_wrong_answer_or_a_refusal() -> None:
    assert lost(asked(), (chunk(0, 26),)) == "in_context_but_not_read"
    assert lost(asked(), (chunk(0, 26),), answer=REFUSED) == "wrongly_abstained"
    assert lost(asked(), (chunk(0, 26),), answer=Answer(" \n", 3, 1)) == "answered_nothing"


def test_refusal_without_the_passage_is_a_loss_of_the_search() -> None:
    assert lost(asked(), answer=REFUSED) == "not_retrieved"


@pytest.mark.parametrize(
    ("answer", "cuts", "expected"),
    [
        ("green", (0, 18, 26), "not_retrieved"),  # "is green." alone states the answer
        ("pump is green", (0, 18, 26), "cut_by_chunking"),  # the cut goes through the answer
        ("emerald", (0, 18, 26), "not_retrieved"),  # nothing stated; 18 of 26 characters are more than half
        ("emerald", (0, 9, 18, 26), "cut_by_chunking"),  # 9, 9 and 8 of 26 are each less than half
        ("emerald", (0, 13, 26), "not_retrieved"),  # exactly half is enough
        ("Pump  Is", (0, 20, 26), "not_retrieved"),  # whatever the case and the white space
    ],
)
def test_passage_that_no_single_chunk_holds_was_cut(answer: str, cuts: tuple[int, ...], expected: str) -> None:
    pieces = tuple(chunk(start, end) for start, end in pairwise(cuts))
    assert lost(asked(answer), indexed=pieces) == expected
    assert lost(asked(answer), read=pieces, indexed=pieces) == "in_context_but_not_read"
    assert lost(asked(answer), found=pieces, indexed=pieces) == "dropped_after_retrieval"


def test_pieces_of_one_larger_passage_count_as_one() -> None:
    pieces = tuple(chunk(start, end, parent=(0, 26)) for start, end in ((0, 9), (9, 18), (18, 26)))
    assert lost(asked("emerald"), indexed=pieces) == "not_retrieved"


def test_text_that_no_chunk_holds_was_lost_by_the_chunker() -> None:
    assert lost(asked(), indexed=(chunk(27, 52),)) == "cut_by_chunking"


def test_answer_counts_only_as_whole_words() -> None:
    (one,) = evidence(asked("gree", "kestrel pump"), [chunk(0, 26)])
    assert one.places == (frozenset(range(4, 16)) - {11},)


def test_a_verdict_is_concluded_and_not_quoted() -> None:
    (one,) = evidence(asked("Is", "No."), [chunk(0, 26)])
    assert one.places == (frozenset({17, 18}),)
    (none,) = evidence(asked("no"), [chunk(0, 26, text="No kestrel pump is green, ")])
    assert none.places == ()


@pytest.mark.parametrize(
    ("answer", "kept", "expected"),
    [
        ("green", "pump is green", "in_context_but_not_read"),
        ("green", "The kestrel pump", "dropped_after_retrieval"),  # half the words, but not the answer
        ("emerald", "The kestrel pump", "in_context_but_not_read"),  # kestrel, pump of kestrel, pump, is, green
        ("emerald", "The green", "dropped_after_retrieval"),  # one of four
    ],
)
def test_shortened_chunk_holds_what_still_stands_in_it(answer: str, kept: str, expected: str) -> None:
    whole = chunk(0, 26)
    assert lost(asked(answer), (replace(whole, text=kept),), (whole,)) == expected


def test_widened_chunk_holds_more_than_was_found() -> None:
    assert lost(asked(), (chunk(0, 52),), (chunk(27, 52),)) == "in_context_but_not_read"


def test_of_several_passages_the_first_loss_decides() -> None:
    hops = asked("12 kg", gold=(COLOUR, WEIGHT))
    assert lost(hops, (chunk(27, 52),), (chunk(27, 52),)) == "not_retrieved"
    assert lost(hops, (chunk(0, 26),), (chunk(0, 26), chunk(27, 52))) == "dropped_after_retrieval"
    assert lost(hops, (), (chunk(27, 52),)) == "not_retrieved"
    assert lost(hops, (chunk(0, 26), chunk(27, 52))) == "in_context_but_not_read"


def test_without_retrieval_only_the_last_stages_are_left() -> None:
    def one(arm: Any, answer: Answer, question: Question) -> str:
        return label(arm, question, answer, Context(), Searched(), right=False, documents={"pump"})

    for arm in ("closed_book", "lora"):
        assert one(arm, WRONG, asked()) == "from_memory"
        assert one(arm, REFUSED, asked()) == "wrongly_abstained"
        assert one(arm, WRONG, asked(gold=())) == "from_memory"
    for arm in ("gold_context", "lora_gold_context"):
        assert one(arm, WRONG, asked()) == "in_context_but_not_read"
        assert one(arm, REFUSED, asked()) == "wrongly_abstained"
        assert one(arm, WRONG, asked(gold=())) == "no_gold_passage"


def test_counts_of_a_configuration_in_stage_order(questions: Any, measured: Any, plan: Any) -> None:
    # rag (conftest): the first passage is read and misread, the unanswerable question is answered.
    found = evaluate(questions, [measured("closed_book"), measured("rag")], plan, documents={"d1", "d2", "d3"})
    closed, rag = found.configurations
    assert closed.diagnosis == {"from_memory": 1, "failed": 1, "right": 2}
    assert list(rag.diagnosis.items()) == [
        ("in_context_but_not_read", 1),
        ("answered_though_unanswerable", 1),
        ("right", 2),
    ]
    table = found.per_question
    assert table[table["configuration"] == "rag"]["lost_at"].tolist() == [
        "in_context_but_not_read",
        "right",
        "right",
        "answered_though_unanswerable",
    ]


def test_seeds_are_added_up(questions: Any, measured: Any, outcome: Any) -> None:
    seeds = (outcome(("2 years", "unknown", "x", "x")), outcome(("2 years", "deep red", "x", "x")))
    one = measured("lora", outcomes=seeds)
    found = diagnose(questions, one, score_configuration(questions, one))
    assert found.counts == {"wrongly_abstained": 1, "from_memory": 2, "answered_though_unanswerable": 2, "right": 3}
    assert (found.at(0, 1), found.at(1, 1)) == ("wrongly_abstained", "right")


def test_without_any_gold_passage_the_diagnosis_is_absent(questions: Any, measured: Any, plan: Any) -> None:
    bare = [replace(question, gold=()) for question in questions]
    found = evaluate(bare, [measured("closed_book"), measured("rag")], plan)
    closed, rag = found.configurations
    assert sum(closed.diagnosis.values()) == 4
    assert rag.diagnosis == {}
    assert found.absent["configurations.rag.diagnosis"] == UNKNOWN_GOLD
    assert "configurations.closed_book.diagnosis" not in found.absent
    assert found.per_question.groupby("configuration")["lost_at"].count().to_dict() == {"closed_book": 4, "rag": 0}


def test_question_that_is_not_judged_has_no_label(questions: Any, measured: Any) -> None:
    unjudged = (replace(questions[0], answers=()), *questions[1:])
    one = measured("rag")
    found = diagnose(unjudged, one, score_configuration(unjudged, one))
    assert found.at(0, 0) is None
    assert sum(found.counts.values()) == 3


SPANS = st.tuples(st.integers(0, 51), st.integers(1, 52)).filter(lambda span: span[0] < span[1])
CHUNKS = st.lists(SPANS.map(lambda span: chunk(*span)), max_size=5).map(tuple)
QUESTIONS = st.builds(
    lambda answer, gold, answerable: asked(answer, gold=tuple(Span("pump", *s) for s in gold), answerable=answerable),
    st.sampled_from(["green", "12 kg", "emerald", "yes"]),
    st.lists(SPANS, max_size=3),
    st.booleans(),
)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(ARMS), QUESTIONS, st.sampled_from([WRONG, REFUSED]), CHUNKS, CHUNKS, CHUNKS, st.booleans()
)  # fmt: skip
def test_every_answer_gets_exactly_one_label(
    arm: Any, question: Question, answer: Answer, read: Any, found: Any, indexed: Any, right: bool
) -> None:
    one = label(arm, question, answer, Context(read), Searched(found, indexed), right=right)
    assert LABELS.count(one) == 1
    assert (one == "right") == right
    whole = label(arm, question, answer, Context((chunk(0, 52),)), Searched(found, indexed), right=right)
    assert LABELS.index(whole) >= LABELS.index(one)  # reading more never loses a question earlier
