import numpy as np
import pytest

from eval.statistics import winners_of_small_samples


def test_a_certain_winner_wins_every_draw() -> None:
    found = winners_of_small_samples({"a": np.ones(50), "b": np.zeros(50)}, seed=1)
    assert found.winners == {"a": 1.0, "b": 0.0}
    assert found.another == 0.0


def test_a_tie_is_shared() -> None:
    found = winners_of_small_samples({"a": np.ones(40), "b": np.ones(40), "c": np.zeros(40)}, seed=1)
    assert found.winners == {"a": 0.5, "b": 0.5, "c": 0.0}
    assert found.another == 0.5


def test_the_share_is_the_hypergeometric_chance() -> None:
    # b is better on question 0 only, a elsewhere by less: b wins 2 of 4 where question 0 is drawn, chance 1/2
    found = winners_of_small_samples(
        {"a": np.array([0.0, 0.3, 0.3, 0.5]), "b": np.array([1.0, 0.0, 0.0, 0.0])}, questions=2, draws=20_000, seed=1
    )
    assert found.winners["b"] == pytest.approx(1 / 2, abs=0.015)


def test_all_questions_always_give_the_winner_of_all() -> None:
    rng = np.random.default_rng(1)
    found = winners_of_small_samples({"a": rng.random(30), "b": rng.random(30) + 0.01}, questions=30, draws=50, seed=1)
    assert sorted(found.winners.values()) == [0.0, 1.0]
    assert found.another == 0.0


def test_more_questions_than_there_are_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="30 questions cannot be drawn from 20"):
        winners_of_small_samples({"a": np.ones(20)}, seed=1)
