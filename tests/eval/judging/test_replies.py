import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from eval.judging.replies import NoReply, UnreadableReply, read_reply
from pipelines.records import Answer


class Verdict(BaseModel):
    reason: str
    verdict: int


class Verdicts(BaseModel):
    statements: list[Verdict]


def read(text: str) -> Verdict:
    return read_reply(Answer(text, 1, 1), Verdict)


@pytest.mark.parametrize(
    "text",
    [
        '{"reason": "so", "verdict": 1}',
        'Sure. Here it is:\n```json\n{"reason": "so", "verdict": 1}\n```\nAnything else?',
        '{not json} {"reason": "so", "verdict": "1"}',
        '{"other": 2} {"reason": "so", "verdict": true} {"reason": "no", "verdict": 0}',
    ],
)
def test_the_first_fitting_object_is_the_reply(text: str) -> None:
    assert read(text) == Verdict(reason="so", verdict=1)


def test_braces_within_strings_do_not_end_the_object() -> None:
    assert read('{"reason": "a } and a {", "verdict": 0}').reason == "a } and a {"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("I cannot judge this.", "no JSON object"),
        ('{"reason": "it never ends and ends and', "no JSON object"),
        ('{"reason": "so"}', "Field required"),
        ('{"reason": "so", "verdict": 7}', "neither 0 nor 1"),
        ("[" * 5000 + "{" * 5000, "no JSON object"),
    ],
)
def test_other_replies_are_unreadable(text: str, fault: str) -> None:
    with pytest.raises(UnreadableReply, match=fault):
        read(text)


def test_verdicts_in_a_list_are_checked_too() -> None:
    with pytest.raises(UnreadableReply, match="neither 0 nor 1"):
        read_reply(Answer('{"statements": [{"reason": "", "verdict": 2}]}', 1, 1), Verdicts)


def test_failed_call_is_no_reply() -> None:
    with pytest.raises(NoReply, match="timed out"):
        read_reply(Answer("", 0, 0, error="timed out"), Verdict)


@given(st.text(alphabet='{}[]":,1a \\\n', max_size=60))
def test_any_text_is_a_verdict_or_unreadable(text: str) -> None:
    try:
        assert read(text).verdict in (0, 1)
    except UnreadableReply as fault:
        assert str(fault)  # noqa: PT017 - both ends are allowed
