"""Drafts divided by passage."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pipelines.corpus.drafting import Draft
from pipelines.corpus.drafting.splits import divide
from pipelines.corpus.splits import SplitFractions
from pipelines.records import Span


def drafts(sizes: list[int]) -> list[Draft]:
    return [
        Draft(f"q{place}-{n}?", "a", Span("d", place, place + 1), "table")
        for place, size in enumerate(sizes)
        for n in range(size)
    ]


def test_shares_are_met_where_every_passage_has_one_question() -> None:
    found = Counter(divide(drafts([1] * 20), SplitFractions(), seed=0))
    assert found == {"train": 12, "test": 6, "dev": 2}


@given(st.lists(st.integers(1, 4), min_size=3, max_size=30), st.integers(0, 99))
def test_a_passage_stays_in_one_split_and_each_split_has_its_share(sizes: list[int], seed: int) -> None:
    made = drafts(sizes)
    found = divide(made, SplitFractions(), seed)
    by_fact: dict[str, set[str]] = {}
    for draft, split in zip(made, found, strict=True):
        by_fact.setdefault(draft.fact_id, set()).add(split)
    assert all(len(splits) == 1 for splits in by_fact.values())
    counts = Counter(found)
    assert 0.3 * len(made) <= counts["test"] < 0.3 * len(made) + 4
    assert counts["dev"] > 0
