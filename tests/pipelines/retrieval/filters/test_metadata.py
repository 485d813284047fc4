import pytest
from pydantic import ValidationError

from pipelines.records import Document, Question
from pipelines.retrieval.filters import filters

ASKED = Question("q", "Which?", (), "test")


def allows(where: dict[str, object], **metadata: str) -> bool:
    return filters.build(filters.parse({"kind": "metadata", "where": where}))(ASKED, Document("d", "", "", metadata))


def test_a_value_must_be_equal_and_a_list_hold_it() -> None:
    assert allows({"language": "de"}, language="de", year="2024")
    assert not allows({"language": "de"}, language="DE")
    assert allows({"year": ["2023", "2024"]}, year="2024")
    assert not allows({"year": ["2023", "2024"]}, year="2025")


def test_every_field_must_match_and_be_there() -> None:
    assert not allows({"language": "de", "year": "2024"}, language="de", year="2023")
    assert not allows({"language": "de", "year": "2024"}, language="de")
    assert not allows({"language": []}, language="de")


def test_a_filter_without_fields_is_refused() -> None:
    with pytest.raises(ValidationError):
        filters.parse({"kind": "metadata", "where": {}})
