"""Books come back from a run's files as they were, seed by seed and question by question."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eval.economics.usage_file import read_books, read_usage, write_usage
from eval.evaluator import evaluate
from eval.finance import Staleness
from pipelines.errors import UserError


@pytest.fixture
def stale(make_account: Any) -> Any:
    return make_account("rag", "rag", 50, stale=(0.1, 0.2)).stale


def test_books_survive_the_files(
    questions: Any, measured: Any, outcome: Any, plan: Any, make_results: Any, stale: Any, tmp_path: Path
) -> None:
    seeds = (outcome(("2 years", "x", "unknown", "x"), seconds=1.5), outcome(("2 years", "deep red", "x", "x")))
    given = {"params": {"prompt": "plain"}, "dev_score": 0.5}
    every = [measured("lora", outcomes=seeds, training="t", **given), measured("rag", **given)]
    every.append(measured("rag-other", "rag", selected_on_dev=False, **given))
    found = evaluate(questions, every, plan)
    results = make_results().model_copy(
        update={
            "configurations": found.configurations,
            "staleness": Staleness(facts=1, questions=1, configurations={"rag": stale}),
        }
    )
    write_usage(tmp_path, found.books, plan.economics, plan.prices, [q.id for q in questions], {"rag": 7})
    used = read_usage(tmp_path)
    shuffled = found.per_question.sample(frac=1.0, random_state=1)
    books, sizes = read_books(used, results, shuffled)
    assert (used.economics, used.price_book) == (plan.economics, plan.prices)
    assert (sizes.documents, sizes.parameters) == (8, {"rag": 7})
    assert (books.metric, books.margin, books.seed) == ("f1", 0.03, 0)
    assert np.array_equal(books.clusters, found.books.clusters)
    for again, one in zip(books.accounts, found.books.accounts, strict=True):
        named = ("id", "arm", "dev", "selected_on_dev", "training")
        assert [getattr(again, name) for name in named] == [getattr(one, name) for name in named]
        assert again.usage.to_json() == one.usage.to_json()
        assert np.array_equal(again.primary, one.primary)
        assert np.array_equal(again.outcomes.correct, one.outcomes.correct)
        assert np.array_equal(again.outcomes.abstained, one.outcomes.abstained)
    lora = books.account("lora")
    assert lora.outcomes.abstained.tolist() == [[0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0]]
    with pytest.raises(UserError, match=r"usage\.json is of another run than results\.json"):
        read_books(used, results, found.per_question.iloc[:1])
    # What was measured of the representative holds for its arm.
    assert [account.stale for account in books.accounts] == [None, stale, stale]
