import numpy as np
import pytest

from eval.leakage import (
    check_leakage,
    check_neighbours,
    find_leaks,
    find_neighbours,
    in_training_track,
    listed,
    with_tracks,
)
from pipelines.errors import UserError
from pipelines.records import Dataset, Question, Span

LONG = "what is the maximum operating pressure of the northern pumping station in the spring of the year before last"


def question(identifier: str, text: str = "?", answer: str = "x", **fields: object) -> Question:
    return Question(identifier, text, (answer,), "train", **fields)  # type: ignore[arg-type]


def test_an_exact_copy_is_found() -> None:
    (leak,) = find_leaks([question("t1", "Who runs it?")], [question("h1", "Who runs it?")])
    assert (leak.kind, leak.train_id, leak.held_out_id) == ("exact", "t1", "h1")


def test_a_copy_in_other_case_and_punctuation_is_found() -> None:
    (leak,) = find_leaks([question("t", "Who runs the plant?")], [question("h", "who runs plant")])
    assert leak.kind == "normalised"


def test_a_near_duplicate_is_found_with_its_jaccard_index() -> None:
    # without articles 15 words, 13 shingles; one more word in front adds one: 13 / 14
    (leak,) = find_leaks([question("t", LONG)], [question("h", "please " + LONG)])
    assert leak.kind == "near-duplicate"
    assert leak.similarity == pytest.approx(13 / 14)


def test_the_threshold_is_exact() -> None:
    train, held_out = [question("t", LONG)], [question("h", "please " + LONG)]
    assert find_leaks(train, held_out, threshold=13 / 14)
    assert not find_leaks(train, held_out, threshold=13 / 14 + 1e-9)


def test_the_same_question_about_something_else_is_no_leak() -> None:
    train = [question("t", "What does the X100 pump cost per year?")]
    assert find_leaks(train, [question("h", "What does the X200 pump cost per year?")]) == []


def test_the_guard_names_the_pairs() -> None:
    with pytest.raises(UserError, match=r"1 pairs.*exact: train 't1' .* = 'h1'"):
        check_leakage([question("t1", "Who?")], [question("h1", "Who?")])


def test_the_guard_passes_clean_splits() -> None:
    check_leakage([question("t", "Who owns pump seven?")], [question("h", "When did the bridge open?")])


VECTORS = np.array([[1.0, 0.0]]), np.array([[2.0, 0.1]])


def test_a_neighbour_with_the_same_answer_fails() -> None:
    pairs = find_neighbours([question("t")], [question("h")], *VECTORS)
    assert pairs[0].similarity == pytest.approx(2 / (4 + 0.01) ** 0.5)
    with pytest.raises(UserError, match=r"'t'.*'h'"):
        check_neighbours(pairs)


def test_a_neighbour_with_another_answer_is_only_listed() -> None:
    pairs = find_neighbours([question("t", answer="x")], [question("h", answer="y")], *VECTORS)
    assert len(pairs) == 1
    check_neighbours(pairs)


def test_a_shared_fact_id_exempts_a_neighbour() -> None:
    pairs = find_neighbours([question("t", fact_ids=("f",))], [question("h", fact_ids=("f",))], *VECTORS)
    assert pairs[0].exempt
    check_neighbours(pairs)


def test_distant_questions_are_no_neighbours() -> None:
    assert find_neighbours([question("t")], [question("h")], np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])) == []


def test_the_track_follows_from_overlapping_gold_passages() -> None:
    train = [question("t", gold=(Span("d1", 0, 100),))]
    test = [
        question("overlaps", gold=(Span("d1", 99, 150),)),
        question("touches", gold=(Span("d1", 100, 150),)),
        question("elsewhere", gold=(Span("d2", 0, 100),)),
        question("judged", relevance={"d1": 1}),
        question("without"),
    ]
    assert in_training_track(train, test) == {
        "overlaps": "in_training",
        "touches": "only_in_documents",
        "elsewhere": "only_in_documents",
        "judged": "in_training",
    }


def test_unexplained_neighbours_are_listed_and_exempt_ones_are_not() -> None:
    vectors = np.array([[1.0, 0.0]])
    train = [question("t", "Who owns it?", "Ann", fact_ids=("f",))]
    near = [question("h", "Whose is it?", "Bo"), question("e", "Who has it?", "Cy", fact_ids=("f",))]
    found = find_neighbours(train, near, vectors, np.repeat(vectors, 2, axis=0))
    assert listed(found) == (
        "worded much like a training question, with another answer: 1 of the dev and test questions (cosine 0.9 or "
        "more): 'Whose is it?' ~ 'Who owns it?'"
    )
    assert listed([pair for pair in found if pair.exempt]) == ""


def test_tracks_are_derived_only_where_no_test_question_has_one() -> None:
    gold = {"a": Span("d", 0, 5), "b": Span("d", 9, 12)}
    rows = (
        question("t", gold=(gold["a"],)),
        *(Question(name, "?", ("x",), "test", gold=(span,)) for name, span in gold.items()),
        Question("c", "?", ("x",), "test"),
    )
    made = Dataset("d", (), rows)
    assert [q.track for q in with_tracks(made).questions] == ["", "in_training", "only_in_documents", ""]
    named = Dataset("d", (), (*rows, Question("e", "?", ("x",), "test", track="task")))
    assert with_tracks(named) is named


def test_leaking_training_questions_can_be_left_out_of_a_published_set() -> None:
    from eval.leakage import without_leaks
    from pipelines.records import Dataset, Document

    train = [Question("t1", "Dragon's blood", (), "train"), Question("t2", "How high is it?", (), "train")]
    test = [Question("q1", "dragon's  Blood", (), "test")]
    dataset = Dataset("d", (Document("a", "text"),), (*train, *test))
    kept, left_out = without_leaks(dataset)
    assert ([question.id for question in kept.questions], left_out) == (["t2", "q1"], 1)
    assert without_leaks(kept) == (kept, 0)
