"""From verdicts to pairs."""

from hypothesis import given
from hypothesis import strategies as st

from pipelines.finetuning.preference import PreferencePair
from pipelines.finetuning.preference.feedback.records import Feedback
from pipelines.finetuning.preference.pairs import make_pairs


def scored(answer: str, score: float, question: str = "Q?") -> Feedback:
    return Feedback(question=question, answer=answer, score=score)


def preferred(better: str, worse: str) -> Feedback:
    return Feedback(question="Q?", preferred=better, rejected=worse)


def ends(rows: list[Feedback]) -> list[tuple[str, str]]:
    return [(pair.chosen, pair.rejected) for pair in make_pairs(rows, {}).pairs]


def test_best_stands_against_worst() -> None:
    assert ends([scored("a", 0.5), scored("b", 0.9), scored("c", 0.1), scored("d", 0.9)]) == [(" b\n", " c\n")]


def test_answer_scored_twice_counts_by_its_mean() -> None:
    assert ends([scored("a", 1.0), scored("a", 0.0), scored("b", 0.6)]) == [(" b\n", " a\n")]


def test_equal_scores_and_equal_votes_give_no_pair_and_are_counted() -> None:
    rows = [
        scored("a", 1, "one"),
        scored("b", 1, "one"),
        scored("a", 1, "two"),
        preferred("a", "b"),
        preferred("b", "a"),
    ]
    found = make_pairs(rows, {})
    assert (found.pairs, found.tied) == ((), 3)


def test_majority_of_votes_holds() -> None:
    assert ends([preferred("a", "b"), preferred("b", "a"), preferred("b", "a")]) == [(" b\n", " a\n")]


def test_empty_answers_and_answers_that_differ_in_spaces_alone_make_no_pair() -> None:
    assert ends([scored("", 0), scored("a", 1)]) == []
    assert ends([scored("a  b", 0), scored("a\nb", 1)]) == []


def test_prompt_is_the_one_the_question_was_asked_with_or_the_plain_one() -> None:
    rows = [
        Feedback(question="Known?", question_id="k", preferred="a", rejected="b"),
        Feedback(question="New?", preferred="c", rejected="d"),
    ]
    found = make_pairs(rows, {"Known?": "Passage: p\nQuestion: Known?\nAnswer:"})
    assert found.pairs == (
        PreferencePair("Passage: p\nQuestion: Known?\nAnswer:", " a\n", " b\n", "k", "Known?"),
        PreferencePair("Question: New?\nAnswer:", " c\n", " d\n", "", "New?"),
    )


words = st.text("abc ", max_size=3)


@given(st.lists(st.tuples(st.sampled_from("PQ"), words, st.integers(0, 3)), max_size=12))
def test_chosen_scores_higher_than_rejected_and_every_question_is_a_pair_or_a_tie(rows) -> None:
    found = make_pairs([scored(answer, score, question) for question, answer, score in rows], {})
    for pair in found.pairs:
        mean = {}
        for side in (pair.chosen, pair.rejected):
            given = [s for q, a, s in rows if q == pair.question and " ".join(a.split()) == side.strip()]
            mean[side] = sum(given) / len(given)
        assert mean[pair.chosen] > mean[pair.rejected]
    assert len(found.pairs) + found.tied == len({question for question, _, _ in rows})
