"""Splits depend on the question's id and the seed alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.corpus.splits import SplitFractions, assign_splits, complete_splits, split_of, unit_hash
from pipelines.records import Question, Split

FRACTIONS = SplitFractions(train=0.5, dev=0.2, test=0.3)


def _questions(count: int, split: Split = "test", prefix: str = "q") -> list[Question]:
    return [Question(f"{prefix}{number}", "?", ("a",), split) for number in range(count)]


def test_unit_hash_is_fixed_for_ever() -> None:
    # int.from_bytes(blake2b(b"0:q1", digest_size=8).digest(), "big") / 2**64
    assert unit_hash(0, "q1") == pytest.approx(0.07453335, abs=1e-8)


def test_shares_come_out_near_the_fractions() -> None:
    assigned = assign_splits(_questions(10_000), FRACTIONS, seed=0)
    shares = [sum(question.split == split for question in assigned) / 10_000 for split in ("train", "dev", "test")]
    # four standard errors of a share of 0.5 over 10,000 are 0.02
    assert shares == pytest.approx([0.5, 0.2, 0.3], abs=0.02)


@given(st.lists(st.text(max_size=8), unique=True, max_size=30), st.lists(st.text(max_size=8), max_size=5))
def test_adding_questions_moves_none(ids: list[str], added: list[str]) -> None:
    before = assign_splits([Question(i, "?", (), "test") for i in ids], FRACTIONS, seed=3)
    after = assign_splits([Question(i, "?", (), "test") for i in [*added, *ids]], FRACTIONS, seed=3)
    assert after[len(added) :] == before


def test_another_seed_gives_other_splits() -> None:
    assert assign_splits(_questions(50), FRACTIONS, 0) != assign_splits(_questions(50), FRACTIONS, 1)


def test_split_without_a_share_stays_empty() -> None:
    fractions = SplitFractions(train=0, dev=0, test=1)
    assert {split_of(f"q{number}", fractions, 0) for number in range(100)} == {"test"}


def test_fractions_must_add_up_to_one() -> None:
    with pytest.raises(ValidationError, match=r"must add up to 1, not 0\.9"):
        SplitFractions(train=0.5, dev=0.1, test=0.3)


def test_single_published_split_is_divided() -> None:
    assert complete_splits(_questions(40), FRACTIONS, 0) == assign_splits(_questions(40), FRACTIONS, 0)


def test_missing_dev_is_cut_from_train_and_test_is_untouched() -> None:
    train, test = _questions(2_000, "train"), _questions(50, "test", "t")
    completed = complete_splits([*train, *test], FRACTIONS, 0)
    assert completed[2_000:] == tuple(test)
    dev = sum(question.split == "dev" for question in completed[:2_000])
    # 0.2 / (0.5 + 0.2) of train, within four standard errors
    assert dev / 2_000 == pytest.approx(2 / 7, abs=0.04)
    assert not any(question.split == "test" for question in completed[:2_000])


def test_three_published_splits_are_kept() -> None:
    questions = [*_questions(3, "train"), *_questions(2, "dev", "d"), *_questions(2, "test", "t")]
    assert complete_splits(questions, FRACTIONS, 0) == tuple(questions)


def test_dev_and_test_without_train_are_kept() -> None:
    questions = [*_questions(2, "dev", "d"), *_questions(2, "test", "t")]
    assert complete_splits(questions, FRACTIONS, 0) == tuple(questions)
