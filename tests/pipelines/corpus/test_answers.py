"""Answers as published sets write them."""

from typing import Any

import pytest

from pipelines.corpus.answers import accepted_answers, strings_to_find, texts


@pytest.mark.parametrize(
    ("metadata", "answers"),
    [
        ({}, ()),
        ({"answer": "yes", "long_answer": "It does."}, ("yes",)),
        ({"answers": ["G. Stanley Hall", "Stanley Hall"]}, ("G. Stanley Hall", "Stanley Hall")),
        ({"answer": "Paris", "answer_aliases": ["City of Light", "Paris"]}, ("Paris", "City of Light")),
        ({"answer": -361, "scale": ""}, ("-361",)),
        ({"answer": -12.6, "scale": "million"}, ("-12.6 million",)),
        ({"answer": -22.22, "scale": "percent"}, ("-22.22%",)),
        ({"answer": ["$1,496.5"], "scale": "million"}, ("$1,496.5 million",)),
        ({"answer": ["13.2%"], "scale": "percent"}, ("13.2%",)),
        ({"answer": ["fiscal 2019"], "scale": "thousand"}, ("fiscal 2019",)),
        ({"answer": ["one", "two"], "answer_type": "multi-span"}, ("one, two",)),
        (
            {"answer": ["73,260", "57,768"], "answer_type": "multi-span", "scale": "thousand"},
            ("73,260 thousand, 57,768 thousand",),
        ),
    ],
)
def test_accepted_answers(metadata: dict[str, Any], answers: tuple[str, ...]) -> None:
    assert accepted_answers(metadata, require_scale=True) == answers


def test_number_without_its_scale_passes_where_the_scale_is_not_required() -> None:
    assert accepted_answers({"answer": 24, "scale": "billion"}, require_scale=False) == ("24 billion", "24")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, []),
        ("", []),
        (float("nan"), []),
        (" a ", ["a"]),
        (4.0, ["4"]),
        (0.5, ["0.5"]),
        (True, ["yes"]),
        (["a", 2, None], ["a", "2"]),
        ({"text": ["a", "b"], "answer_start": [0, 4]}, ["a", "b"]),
    ],
)
def test_texts(value: Any, expected: list[str]) -> None:
    assert texts(value) == expected


def test_value_that_is_no_answer_is_refused() -> None:
    with pytest.raises(ValueError, match="must be text, a number or a list of them, not dict"):
        texts([{"value": 1}])


def test_labels_and_computed_values_are_not_looked_for() -> None:
    assert strings_to_find({"answer": "Maybe"}) == []
    assert strings_to_find({"answer": 4, "answer_type": "count"}) == []


def test_answers_of_earlier_hops_are_looked_for_after_the_answer() -> None:
    steps = [{"question": "Who sang it?", "answer": "Hank Snow"}, {"question": "#1 died where?", "answer": "Tennessee"}]
    assert strings_to_find({"answers": ["35"], "decomposition": steps}) == ["35", "Hank Snow", "Tennessee"]
