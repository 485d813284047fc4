"""Feedback through MLflow: answers go out as traces, and what people say of them in its interface comes back.

Any program that traces its questions and answers with MLflow 3 can be read, a production service as well: a trace's
request holds the question, its response the answer, and its feedback assessments the verdicts.
"""

from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from assay.feedback import Answered
from assay.tracking.backend import existing, opened, shown, sqlite_path, sqlite_uri
from pipelines.errors import UserError
from pipelines.finetuning.preference.feedback.records import Feedback
from pipelines.registry import nearest

NAME = "better"
"""The assessment that a reviewer is asked for."""
_QUESTION = ("question", "query", "input", "prompt", "text")
_ANSWER = ("answer", "output", "response", "content", "text")
_WORDS = {"yes": 1.0, "good": 1.0, "true": 1.0, "up": 1.0, "no": 0.0, "bad": 0.0, "false": 0.0, "down": 0.0}


@dataclass(frozen=True)
class Read:
    """Verdicts of an MLflow experiment, and how many assessments are none: no number, no yes or no, no text in the
    trace."""

    feedback: tuple[Feedback, ...]
    unreadable: int


def send_answers(rows: Iterable[Answered], experiment: str, uri: str) -> int:
    """Log every answer as a trace of its own, to be assessed in MLflow's interface. Returns how many."""
    count = 0
    with _at(uri), opened(uri) as backend:
        client = backend.client
        known = client.get_experiment_by_name(experiment)
        location = (backend.artifacts / experiment).as_uri() if backend.artifacts is not None else None
        where = known.experiment_id if known else client.create_experiment(experiment, location)
        for row in rows:
            for answer in row.answers:
                asked = {"question": row.question, "question_id": row.question_id}
                root = client.start_trace("answer", inputs=asked, experiment_id=where)
                client.end_trace(root.trace_id, outputs={"answer": answer})
                count += 1
        _flush()
    return count


def read_traces(experiment: str, uri: str, name: str | None = None) -> Read:
    """The feedback on the traces of an experiment, those called ``name`` alone where one is given. A boolean is 1 or 0,
    a number its own score, a word such as good or bad 1 or 0. Metadata ``minutes`` are the reviewer's.

    Raises ``UserError`` where there is no such experiment.
    """
    import mlflow

    known = existing(uri)
    if experiment not in known:
        raise UserError(f"{shown(uri)}: there is no MLflow experiment {experiment!r}; {nearest(experiment, known)}")
    with _at(uri):
        traces = mlflow.search_traces(locations=[known[experiment]], return_type="list", max_results=100_000)
    rows, unreadable = [], 0
    for trace in reversed(traces):
        for one in trace.info.assessments:
            if getattr(one, "feedback", None) is None or (name is not None and one.name != name):
                continue
            row = _verdict(trace, one)
            rows += [row] if row else []
            unreadable += row is None
    return Read(tuple(rows), unreadable)


def _verdict(trace: Any, assessment: Any) -> Feedback | None:
    request, response = trace.data.spans[0].inputs, trace.data.spans[0].outputs
    question, answer, score = _text(request, _QUESTION), _text(response, _ANSWER), _score(assessment.feedback.value)
    if not question or not answer or score is None:
        return None
    source, metadata = assessment.source, assessment.metadata or {}
    return Feedback(
        question=question,
        question_id=str(request.get("question_id") or "") if isinstance(request, Mapping) else "",
        answer=answer,
        score=score,
        who="human" if source.source_type == "HUMAN" else "ai",
        by=str(source.source_id or ""),
        minutes=max(0.0, _finite(metadata.get("minutes")) or 0.0),
    )


def _text(value: Any, names: tuple[str, ...]) -> str:
    """The text inside a request or response: itself, the first known field, the last message, or the only field."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list) and value:
        return _text(value[-1], ("content", *names))
    if isinstance(value, Mapping) and value:
        for name in (*names, "messages", "choices", "message"):
            if name in value:
                return _text(value[name], names)
        return _text(next(iter(value.values())), names) if len(value) == 1 else ""
    return ""


def _score(value: Any) -> float | None:
    if isinstance(value, str):
        return _WORDS.get(value.strip().casefold(), _finite(value))
    return _finite(value)


def _finite(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if isfinite(number) else None


@contextmanager
def _at(uri: str) -> Any:
    """MLflow's fluent functions look at ``uri`` while the block lasts."""
    import mlflow

    before, path = mlflow.get_tracking_uri(), sqlite_path(uri)
    mlflow.set_tracking_uri(uri if path is None else sqlite_uri(Path(path)))
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before)


def _flush() -> None:
    import mlflow

    mlflow.flush_trace_async_logging()
