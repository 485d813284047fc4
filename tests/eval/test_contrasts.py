"""Which pairs are compared."""

import pytest

from eval.contrasts import named_contrasts
from eval.measured import Measured, OneOff
from eval.results import Arm, Store


def one(name: str, arm: Arm, selected: bool = True) -> Measured:
    return Measured(
        id=name,
        arm=arm,
        inputs=(),
        params={},
        fingerprint="0",
        selected_on_dev=selected,
        dev_score=0.5,
        dev={},
        outcomes=(),
        hits=None,
        ranking=None,
        chunks={},
        one_off=OneOff(),
        latency=None,
        store=Store(hits=0, misses=0),
    )


GRID = [
    one("closed", "closed_book"),
    one("rag-1", "rag", selected=False),
    one("rag-3", "rag"),
    one("gold", "gold_context"),
    one("tuned", "lora"),
    one("both", "lora_rag"),
]


def test_default_is_each_arm_against_rag_then_against_closed_book() -> None:
    assert named_contrasts((), GRID) == [
        ("closed", "rag-3"),
        ("gold", "rag-3"),
        ("tuned", "rag-3"),
        ("both", "rag-3"),
        ("gold", "closed"),
        ("tuned", "closed"),
        ("both", "closed"),
    ]


def test_default_without_rag_compares_with_closed_book_alone() -> None:
    assert named_contrasts((), [GRID[0], GRID[3], GRID[4]]) == [("gold", "closed"), ("tuned", "closed")]


def test_default_without_a_baseline_compares_nothing() -> None:
    assert named_contrasts((), GRID[3:]) == []


def test_declared_arms_stand_for_their_representatives_and_ids_for_themselves() -> None:
    assert named_contrasts((("lora", "rag"), ("rag-1", "rag-3")), GRID) == [("tuned", "rag-3"), ("rag-1", "rag-3")]


@pytest.mark.parametrize("repeated", [("tuned", "rag-3"), ("rag", "lora"), ("lora", "rag"), ("rag", "rag-3")])
def test_a_pair_is_compared_once_and_nothing_with_itself(repeated: tuple[str, str]) -> None:
    assert named_contrasts((("lora", "rag"), repeated), GRID) == [("tuned", "rag-3")]
