"""Splits by seeded hash of the question id: a question stays in its split when others are added or taken away."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipelines.corpus.validation import SPLITS
from pipelines.records import Question, Split
from pipelines.registry import StageConfig


class SplitFractions(BaseModel):
    """Shares of the questions by split."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    train: float = Field(0.6, ge=0, le=1, description="Share of the questions for tuning and examples.")
    dev: float = Field(0.1, ge=0, le=1, description="Share of the questions every choice is made on.")
    test: float = Field(0.3, ge=0, le=1, description="Share of the questions that are reported.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        total = self.train + self.dev + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"the fractions must add up to 1, not {total:g}")
        return self


class CorpusConfig(StageConfig):
    """What every dataset read from outside declares."""

    name: str = Field("", description="Name of the dataset in reports; empty takes it from the source.")
    language: str = Field("en", pattern=r"^[a-z]{2}$", description="ISO 639-1 code of the language; drives stemming.")
    licence: str = Field("", description="Licence of the data, shown in reports.")
    split_fractions: SplitFractions = Field(
        SplitFractions(), description="Shares by which questions without a split are assigned one."
    )
    split_seed: int = Field(0, description="Seed of the hash that assigns splits.")


def unit_hash(seed: int, identifier: str) -> float:
    """A number in [0, 1) that depends on the seed and the id alone: the first 8 bytes of BLAKE2b over 2^64."""
    digest = blake2b(f"{seed}:{identifier}".encode(), digest_size=8).digest()
    # 53 bits fill a float's mantissa; 64 could round up to 1.
    return (int.from_bytes(digest, "big") >> 11) / 2**53


def split_of(question_id: str, fractions: SplitFractions, seed: int) -> Split:
    """The split of one question."""
    point, bound = unit_hash(seed, question_id), 0.0
    shares = [(split, getattr(fractions, split)) for split in SPLITS]
    for split, share in shares:
        bound += share
        if point < bound:
            return split
    return next(split for split, share in reversed(shares) if share > 0)  # the shares fell short of 1 by rounding


def assign_splits(questions: Iterable[Question], fractions: SplitFractions, seed: int) -> tuple[Question, ...]:
    """The questions in their order, each in the split its id hashes to."""
    return tuple(replace(question, split=split_of(question.id, fractions, seed)) for question in questions)


def complete_splits(questions: Sequence[Question], fractions: SplitFractions, seed: int) -> tuple[Question, ...]:
    """Make up for splits the publisher did not give. A single given split is divided by ``fractions``; beside a given
    train split, a missing one is cut from train in proportion to its fraction; other given splits stay untouched.
    """
    given = {question.split for question in questions}
    missing = [split for split in SPLITS if split not in given]
    if len(given) == 1:
        return assign_splits(questions, fractions, seed)
    if not missing or "train" in missing:
        return tuple(questions)
    total = fractions.train + sum(getattr(fractions, split) for split in missing)
    if total == 0:
        return tuple(questions)
    shares = {split: getattr(fractions, split) / total if split in ("train", *missing) else 0.0 for split in SPLITS}
    cut = SplitFractions.model_validate(shares)
    return tuple(
        replace(question, split=split_of(question.id, cut, seed)) if question.split == "train" else question
        for question in questions
    )
