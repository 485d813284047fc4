from dataclasses import replace

import pytest

from eval.economics.decision_map import decision_map
from eval.economics.extrapolation import Sizes
from eval.economics.scenario_file import WhatIf
from eval.economics.statement import make_statement


def state(books, economics, book, **changed):
    scenario = WhatIf.model_validate({**economics.model_dump(), **changed})
    return make_statement("made", books, scenario, book, (), Sizes(10, {}), "facts stand still")


def test_recommended_is_held_against_the_status_quo_or_the_runner_up(make_account, make_books, economics, book) -> None:
    # rag alone is within the margin of the best, so it is recommended.
    books = make_books(
        make_account("closed_book", "closed_book", 20), make_account("lora", "lora", 50), make_account("rag", "rag", 95)
    )
    against = {}
    for quo in ("no_system", "closed_book", "rag"):
        tornado = state(books, economics, book, status_quo=quo).tornado
        assert tornado.a == "rag"
        against[quo] = tornado.b
    assert against == {"no_system": "no_system", "closed_book": "closed_book", "rag": "lora"}
    alone = make_books(make_account("rag", "rag", 95))
    assert state(alone, economics, book, status_quo="rag").tornado is None


def test_base_of_the_tornado_is_the_net_of_the_return(make_account, make_books, economics, book) -> None:
    books = make_books(make_account("rag", "rag", 95, index=500.0), make_account("lora", "lora", 20, train=900.0))
    for quo in ("no_system", "lora"):
        found = state(books, economics, book, status_quo=quo)
        (base,) = {bar.net_base for bar in found.tornado.swings}
        assert base == pytest.approx(found.configurations[0].roi.net_usd.value)


def test_cost_by_month_ends_at_the_cost_of_the_return(make_account, make_books, economics, book) -> None:
    books = make_books(make_account("lora", "lora", 95, train=3000.0))
    found = state(books, economics, book, retrain_months=4)
    (curve,) = found.cost_by_month
    # 3 dollars of training once and after 4 and 8 months, 1,000 questions a month of 0.002
    assert curve.usd[0] == pytest.approx(3.0)
    assert curve.usd[5] == pytest.approx(3.0 + 5 * 2 + 3)
    assert curve.usd[-1] == pytest.approx(found.configurations[0].roi.cost_usd.value) == pytest.approx(29.0)


def test_one_row_of_the_map_says_why(make_account, make_books, economics, book) -> None:
    found = state(make_books(make_account("rag", "rag", 95)), economics, book)
    assert found.absent["decision_map.churn_per_month"] == "facts stand still"
    assert len(found.decision_map.cells) == 1


def test_status_quo_enters_the_map_though_dev_did_not_choose_it(make_account, make_books, economics, book) -> None:
    rag, other = make_account("rag", "rag", 95), make_account("rag-other", "rag", 90)
    books = make_books(rag, replace(other, selected_on_dev=False))
    quo = economics.model_copy(update={"status_quo": "rag-other"})
    assert {cell.second for cell in decision_map(books, quo, book).cells[0]} == {"rag-other"}
    assert {cell.second for cell in decision_map(books, economics, book).cells[0]} == {None}


def test_staleness_is_in_net_ratio_break_even_and_cost_of_a_correct_answer(
    make_account, make_books, economics, book
) -> None:
    books = make_books(make_account("rag", "rag", 80, index=10.0, stale=(0.0, 0.5)))
    fresh = state(books, economics, book).configurations[0]
    stale = state(books, economics, book, churn_per_month=1.0).configurations[0]
    assert stale.stale.value == pytest.approx(0.5)
    lost = 10_000 * 0.5 * 1.5
    assert stale.roi.net_usd.value == pytest.approx(fresh.roi.net_usd.value - lost)
    assert stale.roi.benefit_usd.value == pytest.approx(fresh.roi.benefit_usd.value - lost)
    assert stale.roi.ratio.value == pytest.approx(stale.roi.net_usd.value / stale.roi.cost_usd.value)
    assert stale.cost.per_correct_usd.value == pytest.approx(fresh.cost.per_correct_usd.value * 0.8 / 0.3)
