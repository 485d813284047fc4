from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import UserError
from pipelines.learning import Labelled
from pipelines.records import Hits
from pipelines.retrieval.onegen.lessons import Batch, Lesson, batches, check, question_lessons
from pipelines.retrieval.onegen.sequences import Tokens, answered
from pipelines.retrieval.onegen.vocabulary import Vocabulary

NOTHING = Tokens((), (), ())


def lesson(name: str, *supporting: tuple[str, ...], hard: tuple[str, ...] = ()) -> Lesson:
    return Lesson(name, supporting, hard, lambda found: NOTHING)


def first_epoch(lessons: list[Lesson], known: list[str], size: int, negatives: int, seed: int = 0) -> list[Batch]:
    return next(batches(lessons, known, size, negatives, seed))


def test_questions_become_one_search_for_each_gold_passage(toy: Any) -> None:
    vocabulary = Vocabulary.of(toy, "toy")
    texts = {"a": "one", "b": "two", "c": "three"}
    asked = [
        Labelled("what", {"a": 1, "b": 1}, Hits(("c", "a"), (2.0, 1.0)), (("b",), ("a",)), "red"),
        Labelled("colour", {"a": 1, "c": 1}, answer="blue"),
        Labelled("nothing supports this", {}),
    ]
    two, one = question_lessons(asked, texts, vocabulary, 9)
    assert (two.supporting, two.hard) == ((("b",), ("a",)), ("c", "a"))
    assert two.write(["b", "a"]) == answered(vocabulary, "what", [["two"], ["one"]], "red", 9)
    assert one.supporting == (("a", "c"),)


def test_labels_that_name_no_document_are_refused() -> None:
    with pytest.raises(UserError, match=r"^retriever onegen: question 1 is labelled with 'x', which is no document$"):
        check([lesson("question 1", ("a",), ("x",))], ["a", "b"])


def test_nothing_to_learn_from_is_refused() -> None:
    with pytest.raises(UserError, match="no train question has a gold passage"):
        check([], ["a"])
    with pytest.raises(UserError, match="every document supports question 1"):
        check([lesson("question 1", ("a",), ("b",))], ["a", "b"])


def test_hard_negatives_come_first_and_are_never_right() -> None:
    known = [f"d{n}" for n in range(9)]
    (batch,) = first_epoch([lesson("q", ("d0",), hard=("d0", "d5", "d7"))], known, 1, 2)
    assert batch.documents[batch.positive[0]] == "d0"
    assert {batch.documents[place] for place in batch.negatives[0]} == {"d5", "d7"}
    assert [batch.documents[place] for place in batch.also[0]] == ["d0"]


def test_a_shared_document_is_encoded_once_and_known_to_support_both() -> None:
    lessons = [lesson("q", ("a", "b")), lesson("r", ("a",))]
    (batch,) = first_epoch(lessons, ["a", "b", "c"], 2, 1)
    assert sorted(batch.documents) == sorted(set(batch.documents))
    for positive, also in zip(batch.positive, batch.also, strict=True):
        assert positive in also
        assert {batch.documents[place] for place in also} <= {"a", "b"}


@settings(max_examples=60)
@given(st.data())
def test_every_lesson_comes_once_an_epoch_with_negatives_that_are_wrong(data: st.DataObject) -> None:
    known = [f"d{n}" for n in range(data.draw(st.integers(3, 12)))]
    one = st.lists(st.sampled_from(known[:-1]), min_size=1, max_size=3, unique=True).map(tuple)
    hops = data.draw(st.lists(st.lists(one, min_size=1, max_size=3), min_size=1, max_size=6))
    hard = data.draw(st.lists(st.sampled_from(known), unique=True))
    lessons = [lesson(str(n), *own, hard=tuple(hard)) for n, own in enumerate(hops)]
    size, negatives = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 3))
    for epoch in islice(batches(lessons, known, size, negatives, 1), 2):
        assert sum(len(batch.sequences) for batch in epoch) == len(lessons)
        for batch in epoch:
            assert len(set(batch.documents)) == len(batch.documents)
            assert len(batch.positive) == len(batch.negatives) == len(batch.also)
            for positive, wrong, also in zip(batch.positive, batch.negatives, batch.also, strict=True):
                assert positive in also
                assert 1 <= len(wrong) == len(set(wrong)) <= negatives
                assert not set(wrong) & set(also)


def test_the_seed_decides_the_order() -> None:
    lessons, known = [lesson(str(n), (f"d{n}",)) for n in range(8)], [f"d{n}" for n in range(12)]

    def order(seed: int) -> list[tuple[str, ...]]:
        return [batch.documents for batch in first_epoch(lessons, known, 2, 1, seed)]

    assert order(1) == order(1) != order(2)


def test_what_is_right_for_one_search_is_a_rival_of_the_next() -> None:
    (batch,) = first_epoch([lesson("q", ("a", "b"), ("c",))], ["a", "b", "c", "d"], 1, 1)
    first, second = ({batch.documents[place] for place in also} for also in batch.also)
    assert first < {"a", "b"}
    assert second == {"c"}
    assert all({batch.documents[place] for place in wrong} == {"d"} for wrong in batch.negatives)
