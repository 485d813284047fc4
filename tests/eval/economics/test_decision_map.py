import pytest

from eval.economics.decision_map import CADENCES, CHURNS, decision_map


def test_cheap_to_set_up_wins_few_questions_and_cheap_to_ask_wins_many(
    make_account, make_books, economics, book
) -> None:
    # Alike in worth; lora costs 7.20 once and 0.002 a question, rag 0.006: the crossing is at 1,800 questions in all.
    books = make_books(make_account("lora", "lora", 90, train=7200.0), make_account("rag", "rag", 90, seconds=3.0))
    found = decision_map(books, economics, book, volumes=[100.0, 179.0, 181.0, 1000.0])
    assert [cell.best for cell in found.cells[0]] == ["rag", "rag", "lora", "lora"]
    assert [cell.second for cell in found.cells[0]] == ["lora", "lora", "rag", "rag"]
    assert found.cells[0][0].lead_usd.value == pytest.approx(7.2 - 1000 * 0.004)


def test_churn_takes_the_lead_from_weights(make_account, make_books, economics, book) -> None:
    books = make_books(
        make_account("lora", "lora", 90, train=7_200_000.0, stale=(0.9, 0.0)),
        make_account("rag", "rag", 80, index=1.0, stale=(0.0, 0.8)),
    )
    found = decision_map(books, economics, book, volumes=[10_000.0], churns=[0.0, 0.2])
    (calm,), (changing,) = found.cells
    assert (calm.best, calm.retrain_months) == ("lora", None)
    # Retraining costs 7,200 dollars and an index 0.001, so the index is made again every month.
    assert (changing.best, changing.reindex_months, changing.retrain_months) == ("rag", 1.0, None)
    assert changing.net_usd < calm.net_usd


def test_retraining_pays_where_the_volume_is_large(make_account, make_books, economics, book) -> None:
    books = make_books(make_account("lora", "lora", 90, train=720_000.0, stale=(0.9, 0.0)))
    found = decision_map(books, economics, book, volumes=[1.0, 10_000.0], churns=[0.2])
    small, large = found.cells[0]
    assert (small.retrain_months, small.over_status_quo_usd < 0) == (None, True)
    assert large.retrain_months is not None
    assert large.over_status_quo_usd > 0


def test_lead_is_shown_only_where_its_interval_is_above_zero(make_account, make_books, economics, book) -> None:
    apart = make_books(make_account("rag", "rag", 99), make_account("closed_book", "closed_book", 5))
    alike = make_books(make_account("rag", "rag", 61), make_account("closed_book", "closed_book", 60))
    shown = decision_map(apart, economics, book, volumes=[1000.0], churns=[0.0]).cells[0][0]
    undecided = decision_map(alike, economics, book, volumes=[1000.0], churns=[0.0]).cells[0][0]
    assert (shown.best, shown.second, shown.shown) == ("rag", "closed_book", True)
    assert (undecided.best, undecided.second, undecided.shown) == ("rag", "closed_book", False)
    assert undecided.lead_usd.low < 0 < undecided.lead_usd.high


def test_unsure_staleness_makes_the_lead_unsure(make_account, make_books, economics, book) -> None:
    def lead(spread: float) -> float:
        books = make_books(
            make_account("rag", "rag", 95, stale=(0.1, 0.0), spread=spread),
            make_account("closed_book", "closed_book", 20, stale=(0.1, 0.0), spread=spread),
        )
        cell = decision_map(books, economics, book, volumes=[1000.0], churns=[0.2]).cells[0][0]
        return cell.lead_usd.high - cell.lead_usd.low

    assert lead(0.5) > lead(0.0)


def test_gold_arms_and_rivals_of_a_representative_do_not_enter(make_account, make_books, economics, book) -> None:
    books = make_books(make_account("gold_context", "gold_context", 100), make_account("rag", "rag", 90))
    found = decision_map(books, economics, book)
    assert {cell.best for row in found.cells for cell in row} == {"rag"}
    assert {cell.second for row in found.cells for cell in row} == {None}


def test_rows_are_those_of_measured_staleness(make_account, make_books, economics, book) -> None:
    known = make_books(make_account("rag", "rag", 90, stale=(0.0, 0.5)))
    unknown = make_books(make_account("rag", "rag", 90))
    assert decision_map(known, economics, book).churn_per_month == CHURNS
    found = decision_map(unknown, economics, book)
    assert found.churn_per_month == (0.0,)
    assert found.questions_per_month[4] == pytest.approx(1000)
    assert found.questions_per_month[8] == pytest.approx(100_000)
    assert found.cadences == CADENCES


def test_gain_over_the_status_quo_by_hand(make_account, make_books, economics, book) -> None:
    books = make_books(make_account("rag", "rag", 60), make_account("lora", "lora", 50, train=7200.0))
    cell = decision_map(books, economics, book, volumes=[1000.0]).cells[0][0]
    assert cell.net_usd == pytest.approx(10_000 * (0.6 - 0.4 * 0.5 - 0.002))
    assert cell.over_status_quo_usd == pytest.approx(cell.net_usd - 10_000 * (1.0 - 0.8))
    quo = economics.model_copy(update={"status_quo": "lora"})
    cell = decision_map(books, quo, book, volumes=[1000.0]).cells[0][0]
    assert (cell.over_status_quo_usd, cell.lead_usd.value) == (pytest.approx(1500), pytest.approx(1500))


def test_status_quo_in_use_has_been_paid_for(make_account, make_books, economics, book) -> None:
    books = make_books(make_account("lora", "lora", 90, train=7200.0), make_account("rag", "rag", 90, seconds=3.0))
    quo = economics.model_copy(update={"status_quo": "lora"})
    assert decision_map(books, quo, book, volumes=[100.0]).cells[0][0].best == "lora"
