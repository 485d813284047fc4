"""Feedback on MLflow traces, through a real tracking store."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from assay.feedback import Answered
from assay.traces import _score, _text, read_traces, send_answers
from pipelines.errors import UserError


def test_answers_go_out_as_traces_and_verdicts_come_back(tmp_path: Path) -> None:
    import mlflow
    from mlflow.entities import AssessmentSource

    uri = f"sqlite:///{tmp_path}/mlflow.db"
    rows = [Answered(question="Which colour?", question_id="q1", answers=("green", "red"))]
    assert send_answers(rows, "review", uri) == 2
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(uri)
    try:
        where = mlflow.get_experiment_by_name("review").experiment_id
        for trace in mlflow.search_traces(locations=[where], return_type="list"):
            person = AssessmentSource(source_type="HUMAN", source_id="ann")
            judge = AssessmentSource(source_type="LLM_JUDGE", source_id="gpt")
            right = trace.data.spans[0].outputs["answer"] == "green"
            metadata = {"minutes": "0.5"}
            one = trace.info.trace_id
            mlflow.log_feedback(trace_id=one, name="better", value=right, source=person, metadata=metadata)
            mlflow.log_feedback(trace_id=one, name="tone", value=0.25, source=judge)
            mlflow.log_feedback(trace_id=one, name="remark", value="so so", source=person)
    finally:
        mlflow.set_tracking_uri(before)
    found = read_traces("review", uri, "better")
    said = {(row.answer, row.score, row.who, row.by, row.minutes, row.question_id) for row in found.feedback}
    assert said == {("green", 1.0, "human", "ann", 0.5, "q1"), ("red", 0.0, "human", "ann", 0.5, "q1")}
    assert found.unreadable == 0
    every = read_traces("review", uri)
    assert sorted((row.who, row.score) for row in every.feedback) == [
        ("ai", 0.25),
        ("ai", 0.25),
        ("human", 0.0),
        ("human", 1.0),
    ]
    assert every.unreadable == 2
    with pytest.raises(UserError, match="did you mean 'review'"):
        read_traces("reviews", uri)


def test_store_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no tracking store yet"):
        read_traces("review", f"sqlite:///{tmp_path}/none.db")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (" Why? ", "Why?"),
        ({"question": "Why?", "user": "x"}, "Why?"),
        ({"messages": [{"role": "system", "content": "Be brief"}, {"role": "user", "content": "Why?"}]}, "Why?"),
        ({"anything": {"query": "Why?"}}, "Why?"),
        ({"a": "b", "c": "d"}, ""),
        (None, ""),
        ([], ""),
    ],
)
def test_question_of_a_request(value: object, text: str) -> None:
    assert _text(value, ("question", "query", "content")) == text


def test_scores() -> None:
    assert [_score(value) for value in (True, False, 3, 0.5, "Yes", " bad ", "0.7")] == [1, 0, 3, 0.5, 1, 0, 0.7]
    assert [_score(value) for value in ("so so", None, "nan", float("inf"), ["a"], SimpleNamespace())] == [None] * 6
