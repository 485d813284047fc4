import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from eval.metrics import contains, rouge_l


def test_contains_finds_the_answer_inside_a_sentence() -> None:
    assert contains("It was built by Gustave Eiffel, in 1889.", ["Gustave Eiffel"], True) == 1.0


def test_contains_wants_whole_tokens_in_order() -> None:
    assert contains("the party", ["art"], True) == 0.0
    assert contains("York New", ["New York"], True) == 0.0


def test_contains_does_not_apply_without_an_answer() -> None:
    assert contains("unknown", [], False) is None
    assert contains("anything", ["the"], True) is None


def test_rouge_l_of_a_subsequence() -> None:
    # longest common subsequence "the cat sat" = 3; precision 3/4, recall 3/6; F = 2 * .75 * .5 / 1.25 = 0.6
    assert rouge_l("the cat quietly sat", ["the cat sat on a mat"], True) == pytest.approx(0.6)


@given(st.text(max_size=30), st.lists(st.text(max_size=30), min_size=1, max_size=3))
def test_rouge_l_is_that_of_rouge_score(prediction: str, answers: list[str]) -> None:
    scorer = RougeScorer(["rougeL"], use_stemmer=False)
    expected = max(scorer.score(answer, prediction)["rougeL"].fmeasure for answer in answers)
    assert rouge_l(prediction, answers, True) == expected


def test_rouge_l_does_not_apply_to_unanswerable_questions() -> None:
    assert rouge_l("unknown", [], False) is None
