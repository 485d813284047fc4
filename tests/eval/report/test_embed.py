"""Data inside a page."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.report.embed import embedded_json


@given(st.recursive(st.text() | st.integers() | st.booleans() | st.none(), st.lists, max_leaves=8))
def test_it_reads_back_as_it_was(data: object) -> None:
    assert json.loads(embedded_json(data)) == data


@given(st.text(alphabet="<>&/script!-\u2028\u2029'\""))
def test_no_character_of_markup_survives(text: str) -> None:
    assert not set("<>&\u2028\u2029") & set(embedded_json([text]))


def test_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        embedded_json([float("nan")])
