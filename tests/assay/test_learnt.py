"""What stages learnt from train and dev, apart from what it cost."""

from types import SimpleNamespace
from typing import Any

from assay.learnt import learnt


def entries(*quantities: dict[str, float]) -> list[Any]:
    return [SimpleNamespace(quantities=one) for one in quantities]


def found(indexes: list[Any], ranked: list[Any], along: list[Any], *, retrieved: bool = True) -> dict[str, float]:
    stages: Any = SimpleNamespace(
        indexing=SimpleNamespace(indexes=lambda configuration: indexes),
        retrieval=SimpleNamespace(learnt=lambda configuration: ranked),
    )
    configuration: Any = SimpleNamespace(retrieved=retrieved)
    return learnt(stages, configuration, along)


def test_prices_and_indexes_that_learnt_nothing_are_left_out() -> None:
    indexes = entries({"seconds": 3.0, "edges": 7.0}, {"weight": 0.6, "learning_seconds": 9.0, "seconds": 1.0})
    assert found(indexes, entries({"pairs": 12.0, "seconds": 2.0}), []) == {"weight": 0.6, "pairs": 12.0}
    assert found(indexes, [], [], retrieved=False) == {}


def test_parts_keep_their_numbers_beside_the_wholes() -> None:
    part, whole = {"weight": 0.2, "learning_seconds": 1.0}, {"weight": 0.7, "learning_seconds": 1.0}
    assert found(entries(part, whole), [], []) == {"weight": 0.2, "weight_2": 0.7}


def test_interventions_are_the_mean_over_their_seeds() -> None:
    along = entries({"log_loss": 0.4, "seconds": 1.0}, {"log_loss": 0.6, "seconds": 5.0})
    assert found([], [], along) == {"log_loss": 0.5}
