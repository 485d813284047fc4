"""Hosting at the peak, extrapolation and staleness of an account, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from eval.economics.account import candidate_of, hosted, priced
from eval.economics.extrapolation import Sizes, extrapolated
from eval.economics.hosting import Api, Payers
from eval.economics.ledger import machines_at_peak
from eval.economics.scenario_file import WhatIf
from eval.economics.usage import Usage
from pipelines.errors import UserError

ALONE = np.arange(100)


@pytest.mark.parametrize(
    ("per_second", "seconds", "machines"),
    [(1.0, 1.0, 2), (1.0, 1.01, 3), (0.0001, 1.0, 1), (0.3, 0.5, 1), (7.0, 0.1, 2)],
)
def test_machines_at_peak_are_rounded_up(make_account, per_second: float, seconds: float, machines: int) -> None:
    usage = make_account("rag", "rag", 50, seconds=seconds).usage  # half of the machine's time answers
    assert machines_at_peak(usage, per_second) == machines


def test_per_use_pays_by_the_second_and_says_what_the_peak_takes(make_account, economics, book) -> None:
    terms = economics.model_copy(update={"peak_per_second": 2.0, "labour_hours_month": 3.0})
    cost, usd = priced(make_account("rag", "rag", 50, index=100.0), terms, book, ALONE)
    assert cost.machines_at_peak == 4
    assert cost.machine_usd_month is None
    assert cost.hosting_usd_month == pytest.approx(2.0 + 3 * 60)  # a GB and the labour
    assert cost.index_usd == pytest.approx(0.1)
    assert usd == pytest.approx(np.full((1, 100), 0.002))


def test_dedicated_pays_the_machines_of_the_peak_by_the_month(make_account, economics, book) -> None:
    terms = economics.model_copy(update={"peak_per_second": 2.0, "billing": "dedicated", "labour_hours_month": 3.0})
    cost, usd = priced(make_account("rag", "rag", 50), terms, book, ALONE)
    assert cost.hosting_usd_month == pytest.approx(4 * 730 * 3.6 + 3 * 60)
    assert (cost.load_at_peak, cost.machine_usd_month) == (pytest.approx(4.0), pytest.approx(730 * 3.6))
    assert not usd.any()


def test_training_and_indexing_move_to_the_machine_with_the_rest(make_account, economics, book) -> None:
    account = make_account("lora", "lora_rag", 50, train=1000.0, index=100.0)
    cost, usd = priced(account, economics.model_copy(update={"machine": "big"}), book, ALONE)
    assert (cost.train_usd, cost.index_usd) == (pytest.approx(10.0), pytest.approx(1.0))
    assert usd[0, 0] == pytest.approx(0.02)


def test_api_has_no_machines_at_peak(make_account, economics, book) -> None:
    usage = Usage(
        hosting=Api(model="api-model", machine="box"),
        payers=Payers(index_machine="box"),
        prompt_tokens=np.full((1, 100), 1e6),
        output_tokens=np.full((1, 100), 1e6),
    )
    account = replace(make_account("rag", "rag", 50), usage=usage)
    dedicated = economics.model_copy(update={"billing": "dedicated", "labour_hours_month": 1.0})
    cost, usd = priced(account, dedicated, book, ALONE)
    assert cost.machines_at_peak is None
    assert cost.hosting_usd_month == 60.0
    assert usd[0, 0] == pytest.approx(3.0)
    assert isinstance(hosted(usage, dedicated).hosting, Api)


def test_only_what_was_trained_or_indexed_is_refreshed(make_account, economics, book) -> None:
    changing = economics.model_copy(update={"churn_per_month": 0.5, "horizon_months": 4.0, "retrain_months": 1.0})
    tuned = make_account("lora", "lora", 50, train=10.0, stale=(1.0, 0.0))
    untuned = make_account("rag", "rag", 50, stale=(1.0, 0.0))
    found = [candidate_of(one, *priced(one, changing, book, ALONE), changing).stale.value for one in (tuned, untuned)]
    assert found[0] < found[1]


def test_churn_without_measured_staleness_is_refused_but_for_gold(make_account, economics, book) -> None:
    changing = economics.model_copy(update={"churn_per_month": 0.1})
    account, gold = make_account("rag", "rag", 50), make_account("gold_context", "gold_context", 50)
    with pytest.raises(UserError, match=r"churn_per_month is 0\.1, but the run did not measure what rag answers"):
        candidate_of(account, *priced(account, changing, book, ALONE), changing)
    assert candidate_of(gold, *priced(gold, changing, book, ALONE), changing).stale.value == 0.0


def scenario(economics, **changed) -> WhatIf:
    return WhatIf.model_validate({**economics.model_dump(), **changed})


def test_corpus_scales_the_index_and_nothing_else(make_account, make_books, economics) -> None:
    books = make_books(make_account("rag", "rag", 50, index=100.0), make_account("lora", "lora", 50, train=5.0))
    found, (note,) = extrapolated(books, scenario(economics, corpus_documents=3000), Sizes(1000, {}))
    rag, lora = found.accounts
    assert (rag.usage.index_seconds, rag.usage.index_bytes, rag.usage.train_seconds) == (300.0, 3e9, 0.0)
    assert np.array_equal(rag.usage.machine_seconds, books.accounts[0].usage.machine_seconds)
    assert lora.usage.train_seconds == 5.0
    assert (note.factor, note.configurations, note.fields) == (3.0, ("rag",), ("index_usd", "hosting_usd_month"))


def test_model_scales_training_and_answering(make_account, make_books, economics) -> None:
    books = make_books(make_account("rag", "rag", 50, index=100.0), make_account("lora", "lora", 50, train=5.0))
    sizes = Sizes(1000, {"rag": 100, "lora": 100})
    found, (note,) = extrapolated(books, scenario(economics, model_parameters=1000), sizes)
    assert [one.usage.train_seconds for one in found.accounts] == [0.0, 50.0]
    assert [one.usage.machine_seconds[0, 0] for one in found.accounts] == [10.0, 10.0]
    assert found.accounts[0].usage.index_seconds == 100.0
    assert note.fields == ("train_usd", "per_1k_questions_usd", "machines_at_peak")
    dedicated = scenario(economics, model_parameters=1000, billing="dedicated")
    assert "hosting_usd_month" in extrapolated(books, dedicated, sizes)[1][0].fields


def test_measured_sizes_are_no_extrapolation(make_account, make_books, economics) -> None:
    books = make_books(make_account("rag", "rag", 50, index=100.0))
    same = scenario(economics, corpus_documents=1000, model_parameters=100)
    found, notes = extrapolated(books, same, Sizes(1000, {"rag": 100}))
    assert notes == ()
    assert found.accounts[0].usage.to_json() == books.accounts[0].usage.to_json()


def test_model_of_unknown_size_is_refused(make_account, make_books, economics) -> None:
    books = make_books(make_account("rag", "rag", 50))
    with pytest.raises(UserError, match="did not record how many weights the model of rag has"):
        extrapolated(books, scenario(economics, model_parameters=1e9), Sizes(1000, {}))
