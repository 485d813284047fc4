import pytest

from pipelines.records import Document, Question
from pipelines.retrieval.filters import filters


def allows(asker: dict[str, str], document: dict[str, str], **settings: object) -> bool:
    rights = filters.build(filters.parse({"kind": "rights", **settings}))
    return rights(Question("q", "Which?", (), "test", metadata=asker), Document("d", "", "", document))


@pytest.mark.parametrize(
    ("asker", "document", "expected"),
    [
        ("staff", "staff", True),
        ("staff, board", "board,legal", True),
        (" staff ", "legal , staff", True),
        ("staff", "board", False),
        ("staff", "Staff", False),
        ("sta", "staff", False),
        ("staff", "", False),
        ("", "staff", False),
        ("", "", False),
        (",", " , ", False),
    ],
)
def test_one_group_in_common_opens_a_document(asker: str, document: str, expected: bool) -> None:
    assert allows({"groups": asker}, {"groups": document}) is expected


def test_a_document_without_groups_is_closed_unless_said_otherwise() -> None:
    assert not allows({"groups": "staff"}, {})
    assert allows({"groups": "staff"}, {}, public_without=True)
    assert not allows({"groups": "staff"}, {"groups": ""}, public_without=True)


def test_an_unknown_asker_reads_nothing() -> None:
    assert not allows({}, {"groups": "staff"})
    assert not allows({}, {}, public_without=True)


def test_fields_have_the_names_that_are_given() -> None:
    fields = {"document_field": "readers", "question_field": "teams"}
    assert allows({"teams": "a"}, {"readers": "a"}, **fields)
    assert not allows({"groups": "a"}, {"groups": "a"}, **fields)
