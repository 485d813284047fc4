"""RAFT: gold passages among distractors. Passages are cut at 30 characters: one for each line of a document."""

from dataclasses import replace
from typing import Any

import pytest

from pipelines.errors import UserError
from pipelines.finetuning.data.raft import NO_GOLD
from pipelines.records import Question, Span, TrainingPair

KESTREL = "The kestrel pump is green."
SPAN = Span("kestrel", 11, 11 + len(KESTREL))
ASKED = Question("q", "Which colour has the kestrel pump?", ("green",), "train", (SPAN,))
UNANSWERABLE = Question("no", "Which colour has the veldt pump?", (), "train", answerable=False)


def passages(pair: TrainingPair) -> list[str]:
    lines = pair.prompt.split("\n")
    return [line.removeprefix("Passage: ") for line in lines if line.startswith("Passage: ")]


def test_gold_stands_among_the_best_other_hits(make: Any) -> None:
    hits = ["kestrel#1", "train:kestrel", "orison#1", "unknown", "sable#1", "orison#2"]
    (pair,) = make({"kind": "raft", "without_gold": 0}, [ASKED], found=lambda text: hits).pairs
    assert sorted(passages(pair)) == [KESTREL, "The orison pump is blue.", "The sable pump is red."]
    assert pair.prompt.endswith("\nQuestion: Which colour has the kestrel pump?\nAnswer:")
    assert (pair.completion, pair.question) == (" green\n", ASKED.text)


def test_left_out_gold_is_replaced_by_a_further_distractor_and_the_answer_kept(make: Any) -> None:
    hits = ["kestrel#1", "orison#1", "sable#1", "orison#2"]
    (pair,) = make({"kind": "raft", "without_gold": 1}, [ASKED], found=lambda text: hits).pairs
    assert KESTREL not in passages(pair)
    assert len(passages(pair)) == 3
    assert pair.completion == " green\n"


def test_the_share_without_gold_is_met(make: Any) -> None:
    asked = [replace(ASKED, id=str(n)) for n in range(10)]
    made = make({"kind": "raft", "without_gold": 0.3, "distractors": 1}, asked)
    assert sum(KESTREL in passages(pair) for pair in made.pairs) == 7
    assert {len(passages(pair)) for pair in made.pairs} == {2}
    places = {passages(pair).index(KESTREL) for pair in made.pairs if KESTREL in passages(pair)}
    assert places == {0, 1}


def test_without_search_distractors_are_random_by_seed(make: Any) -> None:
    options = {"kind": "raft", "without_gold": 0, "distractors": 3}
    one, again, other = (make(options, [ASKED], seed=seed).pairs[0] for seed in (1, 1, 2))
    assert one == again != other
    assert len(set(passages(one))) == 4


def test_a_span_that_no_passage_holds_is_shown_itself(make: Any) -> None:
    whole = replace(ASKED, gold=(Span("kestrel", 0, 72),))
    (pair,) = make({"kind": "raft", "without_gold": 0, "distractors": 1}, [whole]).pairs
    assert "Passage: # Kestrel\n\nThe kestrel pump is green.\n\nWeight: 12 kg" in pair.prompt


def test_unanswerable_questions_get_distractors_and_the_refusal(make: Any) -> None:
    made = make({"kind": "raft", "without_gold": 0}, [ASKED, UNANSWERABLE])
    assert [len(passages(pair)) for pair in made.pairs] == [3, 2]
    assert made.pairs[1].completion == " unknown\n"


def test_questions_without_gold_are_counted_and_none_with_gold_is_an_error(make: Any) -> None:
    bare = replace(ASKED, id="bare", gold=())
    assert make("raft", [ASKED, bare]).counts == {NO_GOLD: 1}
    with pytest.raises(UserError, match="no question of the train split has a gold passage"):
        make("raft", [bare, UNANSWERABLE])


def test_few_documents_give_fewer_distractors(make: Any) -> None:
    (pair,) = make({"kind": "raft", "without_gold": 0, "distractors": 50}, [ASKED]).pairs
    assert 3 < len(passages(pair)) < 51
    assert passages(pair).count(KESTREL) == 1
    assert "The kestrel pump? green" not in passages(pair)
