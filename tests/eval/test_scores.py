"""Per-question scores of one configuration, by hand (the table stands in conftest)."""

from typing import Any

import numpy as np
import pytest

from eval.scores import score_configuration


def test_answers_are_scored_question_by_question(questions: Any, measured: Any) -> None:
    closed = score_configuration(questions, measured("closed_book"))
    np.testing.assert_allclose(closed.values["f1"], [[1, 2 / 3, 0, 1]])
    np.testing.assert_allclose(closed.values["correct"], [[1, 0, 0, 1]])
    rag = score_configuration(questions, measured("rag"))
    np.testing.assert_allclose(rag.values["f1"], [[0.5, 1, 1, 0]])
    np.testing.assert_allclose(rag.values["abstained"], [[0, 0, 0, 0]])


def test_failed_answer_counts_wrong_though_its_text_is_right(questions: Any, measured: Any) -> None:
    closed = score_configuration(questions, measured("closed_book"))
    assert measured("closed_book").outcomes[0].answers[2].text == "Lomond"
    assert {metric: values[0, 2] for metric, values in closed.values.items() if closed.applies[metric][2]} == (
        dict.fromkeys([metric for metric in closed.values if closed.applies[metric][2]], 0.0)
    )


def test_metric_applies_only_where_it_means_anything(questions: Any, measured: Any) -> None:
    rag = score_configuration(questions, measured("rag"))
    np.testing.assert_array_equal(rag.applies["numeric_match"], [True, False, False, False])
    np.testing.assert_array_equal(rag.applies["recall_at_1"], [True, True, True, False])
    np.testing.assert_array_equal(rag.values["recall_at_1"], [[1, 0, 0, 0]])
    np.testing.assert_array_equal(rag.values["recall_at_3"], [[1, 1, 0, 0]])


def test_metric_that_applies_nowhere_is_left_out(questions: Any, measured: Any) -> None:
    closed = score_configuration(questions, measured("closed_book"))
    assert not any(metric.startswith(("recall", "ndcg", "gold_passage")) for metric in closed.values)
    without_numbers = questions[1:]
    one = measured("closed_book")
    kept = one.outcomes[0]
    shorter = measured("closed_book", outcomes=(type(kept)(kept.contexts[1:], kept.answers[1:]),))
    assert "numeric_match" not in score_configuration(without_numbers, shorter).values


def test_each_seed_is_a_row(questions: Any, measured: Any, outcome: Any) -> None:
    seeds = (outcome(("2 years", "x", "x", "x")), outcome(("2 years", "deep red", "x", "x")))
    tuned = score_configuration(questions, measured("lora", outcomes=seeds))
    np.testing.assert_array_equal(tuned.values["correct"], [[1, 0, 0, 0], [1, 1, 0, 0]])


def test_no_value_is_nan(questions: Any, measured: Any) -> None:
    for name in ("closed_book", "rag", "gold_context"):
        assert all(
            np.isfinite(values).all() for values in score_configuration(questions, measured(name)).values.values()
        )


def test_similarity_is_of_the_nearest_accepted_answer(questions: Any, measured: Any) -> None:
    directions = {"2 years": (1, 0), "3 years": (0.6, 0.8), "deep red": (0, 1), "crimson": (1, 0), "Lomond": (1, 0)}

    def embed(texts: Any) -> Any:
        return np.array([directions.get(text, (0, 1)) for text in texts], dtype=np.float32)

    scores = score_configuration(questions, measured("rag"), embed=embed)
    applies = scores.applies["similarity"]
    assert scores.values["similarity"][0, applies][:3] == pytest.approx([0.6, 1.0, 1.0])
