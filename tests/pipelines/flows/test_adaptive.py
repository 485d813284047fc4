"""When the adaptive flow reads, and when it answers from the weights."""

from typing import Any

import pytest

from pipelines.errors import UserError
from pipelines.flows import Generate, Outcome, Retrieve, flows
from pipelines.generation.prompts import UNKNOWN
from pipelines.records import Answer, Chunk, Context, Question, Spent

QUESTIONS = tuple(Question(f"q{number}", f"question {number}?", ("a",), "test") for number in range(3))


def context(question: Question, best: float | None = 0.5) -> Context:
    chunk = Chunk(f"c-{question.id}", "d", 0, 1, "passage", "passage")
    return Context((chunk,), Spent(seconds=1.0), best)


def drive(config: dict[str, Any], confidence: dict[str, float | None], best: dict[str, float | None]) -> Any:
    """Runs the flow; answers say from what they were read. Returns the outcome and what was asked for."""
    steps = flows.build(flows.parse({"kind": "adaptive", **config}))(QUESTIONS, None)  # type: ignore[arg-type]
    asked: list[tuple[str, list[str]]] = []
    reply: Any = None
    while True:
        try:
            wanted = steps.send(reply)
        except StopIteration as finished:
            return finished.value, asked
        names = [question.id for question in wanted.questions]
        if isinstance(wanted, Retrieve):
            asked.append(("retrieve", names))
            reply = [context(question, best.get(question.id, 0.5)) for question in wanted.questions]
        else:
            assert isinstance(wanted, Generate)
            read = [bool(one.chunks) for one in wanted.contexts]
            asked.append(("generate", names))
            reply = [
                Answer("read" if there else "known", 5, 1, confidence=confidence[question.id])
                for question, there in zip(wanted.questions, read, strict=True)
            ]


def outcome(found: Outcome) -> list[tuple[str, int]]:
    return [(answer.text, len(one.chunks)) for answer, one in zip(found.answers, found.contexts, strict=True)]


SURE = {"q0": 0.9, "q1": 0.2, "q2": 0.6}


def test_only_doubtful_questions_are_read_for() -> None:
    found, asked = drive({"threshold": 0.6}, SURE, {})
    assert asked == [("generate", ["q0", "q1", "q2"]), ("retrieve", ["q1"]), ("generate", ["q1"])]
    assert outcome(found) == [("known", 0), ("read", 1), ("known", 0)]


@pytest.mark.parametrize(("threshold", "steps"), [(0.0, 1), (1.0, 3)])
def test_a_threshold_at_either_end_reads_never_or_always(threshold: float, steps: int) -> None:
    found, asked = drive({"threshold": threshold}, SURE, {})
    assert len(asked) == steps
    assert {text for text, _ in outcome(found)} == {"known" if steps == 1 else "read"}


def test_in_place_of_reading_it_may_abstain() -> None:
    found, asked = drive({"threshold": 0.6, "unsure": "abstain"}, SURE, {})
    assert asked == [("generate", ["q0", "q1", "q2"])]
    assert outcome(found) == [("known", 0), (UNKNOWN, 0), ("known", 0)]


def test_by_score_passages_that_fit_badly_are_not_read_and_still_cost() -> None:
    config = {"decide": "score", "threshold": 0.5}
    found, asked = drive(config, SURE, {"q0": 0.49, "q1": 0.5, "q2": None})
    assert asked == [("retrieve", ["q0", "q1", "q2"]), ("generate", ["q0", "q1", "q2"])]
    assert outcome(found) == [("known", 0), ("read", 1), ("known", 0)]
    assert [one.spent.seconds for one in found.contexts] == [1.0, 1.0, 1.0]


def test_a_failed_answer_is_not_sure() -> None:
    config = flows.parse({"kind": "adaptive", "threshold": 0.0})
    steps = flows.build(config)(QUESTIONS[:1], None)  # type: ignore[arg-type]
    next(steps)
    assert isinstance(steps.send([Answer("", 1, 0, error="broken")]), Retrieve)


def test_without_a_confidence_it_says_what_is_missing() -> None:
    with pytest.raises(UserError, match="answers carry no confidence; give the configuration an intervention"):
        drive({"threshold": 0.5}, dict.fromkeys(SURE), {})
