"""Four questions and what three configurations answered, small enough to judge by hand.

              2 years      deep red      Lomond      (unanswerable)   correct   f1
closed_book   2 years  1   red       0   failed  0   unknown      1   0.50      (1 + 2/3 + 0 + 1) / 4
rag           3 years  0   deep red  1   Lomond  1   green        0   0.50      (1/2 + 1 + 1 + 0) / 4
gold_context  2 years  1   deep red  1   Lomond  1   unknown      1   1.00      1
"""

from collections.abc import Callable
from typing import Any

import pytest

from eval.evaluator import Plan
from eval.measured import Measured, OneOff
from eval.results import Arm, Store
from pipelines.flows import Outcome
from pipelines.records import Answer, Chunk, Context, Hits, Question, Span


def _chunk(name: str) -> Chunk:
    return Chunk(f"{name}#0", name, 0, 40, f"text of {name}", f"text of {name}")


CHUNKS = {chunk.id: chunk for chunk in map(_chunk, ("d1", "d2", "d3"))}
ANSWERS = {
    "closed_book": ("2 years", "red", "", "unknown"),
    "rag": ("3 years", "deep red", "Lomond", "green"),
    "gold_context": ("2 years", "deep red", "Lomond", "unknown"),
}


@pytest.fixture
def questions() -> tuple[Question, ...]:
    def gold(name: str) -> tuple[Span, ...]:
        return (Span(name, 0, 40),)

    return (
        Question("warranty", "How long?", ("2 years",), "test", gold("d1"), track="facts", kind="numeric"),
        Question("colour", "Which colour?", ("deep red", "crimson"), "test", gold("d2"), track="facts"),
        Question("site", "Where?", ("Lomond",), "test", gold("d3"), track="places"),
        Question("moon", "Who owns the moon?", (), "test", track="places", answerable=False),
    )


@pytest.fixture
def outcome() -> Callable[[tuple[str, ...]], Outcome]:
    """Makes the outcome of four answers: ten tokens read and two written each; an empty one failed."""

    def make(texts: tuple[str, ...], contexts: tuple[Context, ...] = (Context(),) * 4, seconds: float = 1.0) -> Outcome:
        failed = Answer("Lomond", 10, 0, seconds, error="too long")
        return Outcome(contexts, tuple(Answer(text, 10, 2, seconds) if text else failed for text in texts))

    return make


@pytest.fixture
def measured(outcome: Any) -> Callable[..., Measured]:
    """Makes what was measured of a configuration; ``rag`` found each gold document at rank 1, 2 and not at all."""

    def make(name: str, arm: Arm | None = None, **fields: Any) -> Measured:
        arm = arm or name  # type: ignore[assignment]
        retrieved = arm in ("rag", "lora_rag")
        hits = tuple(
            Hits(ids, (2.0, 1.0)) for ids in (("d1#0", "d2#0"), ("d1#0", "d2#0"), ("d1#0", "d2#0"), ("d1#0", "d3#0"))
        )
        contexts = (Context((CHUNKS["d1#0"],)),) * 4 if retrieved else (Context(),) * 4
        usual: dict[str, Any] = {
            "inputs": ("documents",) if retrieved else (),
            "params": {"depth": 1},
            "fingerprint": "0" * 32,
            "selected_on_dev": True,
            "dev_score": 0.5,
            "dev": {"plain": 0.5},
            "outcomes": (outcome(ANSWERS.get(name, ANSWERS["rag"]), contexts, 2.0 if retrieved else 1.0),),
            "hits": hits if retrieved else None,
            "ranking": hits if retrieved else None,
            "chunks": CHUNKS if retrieved else {},
            "one_off": OneOff(index_seconds=3600.0) if retrieved else OneOff(),
            "latency": None,
            "store": Store(hits=1, misses=3),
        }
        return Measured(id=name, arm=arm, **{**usual, **fields})  # type: ignore[arg-type]

    return make


@pytest.fixture
def plan() -> Plan:
    """The default prices; the machine costs 0.0816 dollars an hour and works half of it."""
    from eval.economics.prices import load_price_book
    from eval.economics.terms import Economics

    economics = Economics(questions_per_month=1000, utilisation=0.5)
    return Plan("f1", 0.03, (), economics, load_price_book(None), 0)
