"""Which pairs are compared."""

import numpy as np
import pytest

from eval.contrasts import compare_all, named_contrasts
from eval.measured import Measured, OneOff
from eval.results import Arm, Store
from eval.statistics.compare import compare_family
from pipelines.records import Question


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


def test_default_with_one_arm_compares_what_dev_chose_with_the_others() -> None:
    rag = [one("a", "rag", selected=False), one("b", "rag"), one("c", "rag", selected=False)]
    assert named_contrasts((), rag) == [("b", "a"), ("b", "c")]
    assert named_contrasts((), rag[1:2]) == []


def test_default_without_a_baseline_compares_nothing() -> None:
    assert named_contrasts((), GRID[3:]) == []


def test_declared_arms_stand_for_their_representatives_and_ids_for_themselves() -> None:
    assert named_contrasts((("lora", "rag"), ("rag-1", "rag-3")), GRID) == [("tuned", "rag-3"), ("rag-1", "rag-3")]


@pytest.mark.parametrize("repeated", [("tuned", "rag-3"), ("rag", "lora"), ("lora", "rag"), ("rag", "rag-3")])
def test_a_pair_is_compared_once_and_nothing_with_itself(repeated: tuple[str, str]) -> None:
    assert named_contrasts((("lora", "rag"), repeated), GRID) == [("tuned", "rag-3")]


def test_tracks_are_compared_on_their_own_questions_at_their_share_of_the_level() -> None:
    tracks = ("facts",) * 30 + ("form",) * 20 + (None,) * 5
    questions = [Question(str(n), "?", ("a",), "test", track=track or "") for n, track in enumerate(tracks)]
    values = {"base": np.zeros((1, 55)), "tuned": np.array([[0.0] * 30 + [1.0] * 25])}
    clusters = np.arange(55)
    overall, by_track = compare_all([("tuned", "base")], questions, values, clusters, metric="f1", seed=1, margin=0.03)
    assert [(one.delta, one.verdict) for one in overall] == [(pytest.approx(25 / 55), "a")]
    assert sorted(by_track) == ["facts", "form"]
    (facts,), (form,) = by_track["facts"], by_track["form"]
    assert (facts.delta, form.delta, form.verdict) == (0, 1, "a")
    assert facts.verdict != "a"
    # Two tracks: 97.5 % each, and p counts both.
    (alone,) = compare_family(
        [("tuned", "base")], {k: v[:, 30:50] for k, v in values.items()}, clusters[30:50], metric="f1", seed=1
    )
    assert form.low < alone.low or form.low == alone.low == 1
    assert form.p_adjusted == pytest.approx(min(1, 2 * form.p))


def test_without_tracks_there_is_nothing_to_compare_by() -> None:
    questions = [Question(str(n), "?", ("a",), "test") for n in range(6)]
    values = {"x": np.zeros((2, 6)), "y": np.ones((2, 6))}
    overall, by_track = compare_all([("x", "y")], questions, values, np.arange(6), metric="f1", seed=1, margin=0.03)
    assert len(overall) == 1
    assert by_track == {}
