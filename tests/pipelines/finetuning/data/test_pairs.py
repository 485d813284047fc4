"""The train split as it is given."""

from typing import Any


def test_pairs_in_the_plain_form_with_the_minutes_spent_on_them(make: Any) -> None:
    made = make({"kind": "pairs", "reviewer_minutes": 30})
    assert [(one.prompt, one.completion, one.question) for one in made.pairs][:1] == [
        ("Question: Which colour has the kestrel pump?\nAnswer:", " green\n", "Which colour has the kestrel pump?")
    ]
    assert len(made.pairs) == 3
    assert made.reviewer_minutes == 30


def test_a_limit_takes_some(make: Any) -> None:
    assert len(make({"kind": "pairs", "limit": 2}).pairs) == 2
