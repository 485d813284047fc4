"""Exact match and F1 against a literal transcription of the official SQuAD v2 script."""

import collections
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.metrics import exact_match, f1, normalise


def official_normalize_answer(s: str) -> str:
    def remove_articles(text: str) -> str:
        regex = re.compile(r"\b(a|an|the)\b", re.UNICODE)
        return re.sub(regex, " ", text)

    def white_space_fix(text: str) -> str:
        return " ".join(text.split())

    def remove_punc(text: str) -> str:
        exclude = set(string.punctuation)
        return "".join(ch for ch in text if ch not in exclude)

    def lower(text: str) -> str:
        return text.lower()

    return white_space_fix(remove_articles(remove_punc(lower(s))))


def official_get_tokens(s: str) -> list[str]:
    if not s:
        return []
    return official_normalize_answer(s).split()


def official_compute_exact(a_gold: str, a_pred: str) -> int:
    return int(official_normalize_answer(a_gold) == official_normalize_answer(a_pred))


def official_compute_f1(a_gold: str, a_pred: str) -> float:
    gold_toks = official_get_tokens(a_gold)
    pred_toks = official_get_tokens(a_pred)
    common = collections.Counter(gold_toks) & collections.Counter(pred_toks)
    num_same = sum(common.values())
    if len(gold_toks) == 0 or len(pred_toks) == 0:
        return int(gold_toks == pred_toks)
    if num_same == 0:
        return 0
    precision = 1.0 * num_same / len(pred_toks)
    recall = 1.0 * num_same / len(gold_toks)
    return (2 * precision * recall) / (precision + recall)


def official_raw_scores(answers: list[str], prediction: str) -> tuple[float, float]:
    gold_answers = [a for a in answers if official_normalize_answer(a)]
    if not gold_answers:
        gold_answers = [""]
    exact = max(official_compute_exact(a, prediction) for a in gold_answers)
    return exact, max(official_compute_f1(a, prediction) for a in gold_answers)


WORDS = st.lists(
    st.sampled_from(
        ["the", "a", "An", "Paris", "paris,", "U.S.", "12", "-", "café", "theory", " ", "\u00a0", "…", "The."]
    )
)
TEXTS = WORDS.map(" ".join) | st.text(max_size=20)


@given(TEXTS)
def test_normalisation_is_the_official_one(text: str) -> None:
    assert normalise(text) == official_normalize_answer(text)


@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=4))
def test_exact_match_and_f1_are_the_official_ones(prediction: str, answers: list[str]) -> None:
    exact, best = official_raw_scores(answers, prediction)
    assert exact_match(prediction, answers, True) == exact
    assert f1(prediction, answers, True) == best


def test_f1_of_a_half_right_answer() -> None:
    # prediction: 3 tokens, gold: 2, common: 2 -> precision 2/3, recall 1, F1 4/5
    assert f1("in New York", ["New York"], True) == pytest.approx(4 / 5)


def test_f1_takes_the_best_accepted_answer() -> None:
    assert f1("the Big Apple", ["New York", "Big Apple"], True) == 1.0


def test_f1_counts_repeated_tokens_once_each() -> None:
    # "red red" against "red blue": 1 in common of 2 and 2
    assert f1("red red", ["red blue"], True) == 0.5


def test_a_refusal_is_right_on_an_unanswerable_question() -> None:
    assert exact_match("I don't know.", [], False) == 1.0
    assert f1("Unknown", [], False) == 1.0


def test_an_answer_is_wrong_on_an_unanswerable_question() -> None:
    assert exact_match("Paris", [], False) == 0.0
    assert f1("Paris", [], False) == 0.0


def test_a_refusal_is_wrong_on_an_answerable_question() -> None:
    assert exact_match("unknown", ["Paris"], True) == 0.0


def test_an_answerable_question_without_answers_is_not_scored() -> None:
    assert exact_match("Paris", [], True) is None
    assert f1("Paris", [], True) is None
