import numpy as np
import pyarrow as pa
import pytest

from eval.metrics import ANSWER_METRICS, score_answers, similarity
from pipelines.records import Answer, Question


def question(identifier: str, *answers: str, answerable: bool = True) -> Question:
    return Question(identifier, "?", answers, "test", answerable=answerable)


def answer(text: str, error: str = "") -> Answer:
    return Answer(text, prompt_tokens=1, output_tokens=1, error=error)


QUESTIONS = [question("a", "12 kg"), question("b", "Paris"), question("c", answerable=False)]


def test_there_is_one_value_a_question_and_metric() -> None:
    scores = score_answers(QUESTIONS, [answer("12,000 g"), answer("in Paris"), answer("unknown")])
    assert set(scores) == set(ANSWER_METRICS)
    assert scores["exact_match"].tolist() == [0.0, 0.0, 1.0]
    assert scores["f1"].tolist() == [0.0, pytest.approx(2 / 3), 1.0]
    assert scores["correct"].tolist() == [1.0, 0.0, 1.0]
    assert scores["contains"].tolist() == [0.0, 1.0, None]
    assert scores["numeric_match"].tolist() == [1.0, None, None]
    assert scores["abstained"].tolist() == [0.0, 0.0, 1.0]


def test_a_metric_that_does_not_apply_becomes_null() -> None:
    scores = score_answers(QUESTIONS, [answer("x")] * 3)
    assert pa.array(scores["numeric_match"]).to_pylist() == [0.0, None, None]


def test_a_failed_question_is_wrong_and_no_refusal() -> None:
    scores = score_answers(QUESTIONS, [answer("", "timeout"), answer("Paris", "timeout"), answer("", "timeout")])
    assert scores["correct"].tolist() == [0.0, 0.0, 0.0]
    assert scores["abstained"].tolist() == [0.0, 0.0, 0.0]
    assert scores["f1"].tolist() == [0.0, 0.0, 0.0]


def test_a_missing_answer_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        score_answers(QUESTIONS, [answer("x")])


def test_similarity_is_the_cosine_to_the_nearest_answer() -> None:
    vectors = {"far": [0.0, 1.0], "said": [1.0, 0.0], "near": [3.0, 4.0]}
    questions = [question("a", "far", "near"), question("b", "near"), question("c", answerable=False)]
    scores = similarity(
        questions, ["said", "", "said"], lambda texts: np.array([vectors.get(t, [1, 1]) for t in texts])
    )
    assert scores == [pytest.approx(0.6), 0.0, None]
