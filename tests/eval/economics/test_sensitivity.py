"""By hand: lora answers 70 of 100 with 1 s each and costs 7,200 s of training; rag answers 60 with 3 s each. A second
costs 0.001 dollars, half of the time is paid idle, 10,000 questions are asked."""

import pytest

from eval.economics.sensitivity import sensitivity


@pytest.fixture
def books(make_account, make_books):
    return make_books(make_account("lora", "lora", 70, train=7200.0), make_account("rag", "rag", 60, seconds=3.0))


def bars(tornado):
    return {bar.factor: bar for bar in tornado.swings}


def test_each_factor_moves_the_net_by_hand(books, economics, book) -> None:
    # Worth differs by 0.1 * 1.5, a question costs 0.002 against 0.006, training 7.20.
    found = bars(sensitivity(books, economics, book, "lora", "rag"))
    base = 10_000 * (0.15 + 0.004) - 7.2
    assert all(bar.net_base == pytest.approx(base) for bar in found.values())
    volume, price, harm, value = (found[name] for name in ("volume", "price", "harm", "value"))
    assert (volume.net_low, volume.net_high) == (
        pytest.approx(5_000 * 0.154 - 7.2),
        pytest.approx(20_000 * 0.154 - 7.2),
    )
    assert (price.net_low, price.net_high) == (pytest.approx(1500 + 0.5 * 32.8), pytest.approx(1500 + 2 * 32.8))
    assert (harm.net_low, harm.net_high) == (pytest.approx(1032.8), pytest.approx(2032.8))
    assert (value.net_low, value.net_high) == (pytest.approx(1032.8), pytest.approx(2532.8))


def test_cadence_moves_how_often_training_recurs(books, economics, book) -> None:
    often = economics.model_copy(update={"retrain_months": 4.0})
    bar = bars(sensitivity(books, often, book, "lora", "rag"))["cadence"]
    # After 4 and 8 months; half as often: after 8; twice as often: after 2, 4, 6, 8.
    assert bar.net_base - bar.net_low == pytest.approx(-7.2)
    assert bar.net_base - bar.net_high == pytest.approx(2 * 7.2)


def test_factor_that_changes_nothing_is_left_out(books, economics, book) -> None:
    assert not {"cadence", "churn"} & set(bars(sensitivity(books, economics, book, "lora", "rag")))


def test_churn_takes_from_what_goes_stale(make_account, make_books, economics, book) -> None:
    stale = make_books(
        make_account("lora", "lora", 70, stale=(0.8, 0.0)), make_account("rag", "rag", 60, stale=(0.0, 0.5))
    )
    changing = economics.model_copy(update={"churn_per_month": 0.5, "horizon_months": 1.0})
    bar = bars(sensitivity(stale, changing, book, "lora", "rag"))["churn"]
    assert bar.net_low == pytest.approx(1000 * 0.15)  # no churn, equal cost
    assert bar.net_high == pytest.approx(1000 * (0.15 - (0.8 - 0.5) * 1.5))  # all facts change at once
    assert bar.flips


def test_dedicated_machines_follow_the_volume(make_account, make_books, economics, book) -> None:
    books = make_books(make_account("rag", "rag", 60, seconds=3.0))
    dedicated = economics.model_copy(update={"billing": "dedicated", "peak_per_second": 0.2})
    bar = bars(sensitivity(books, dedicated, book, "rag", "no_system"))["volume"]
    # 0.2 a second take 0.2 * 3 / 0.5 = 1.2 machines, so 2; half of that 1, twice 3. Each costs 3.6 * 730 a month.
    worth = 0.6 - 0.4 * 0.5 - 0.2
    for net, asked, machines in ((bar.net_low, 5_000, 1), (bar.net_base, 10_000, 2), (bar.net_high, 20_000, 3)):
        assert net == pytest.approx(asked * worth - 10 * machines * 3.6 * 730)


def test_status_quo_that_is_a_configuration_is_paid_for_already(books, economics, book) -> None:
    quo = economics.model_copy(update={"status_quo": "lora"})
    (base,) = {bar.net_base for bar in sensitivity(books, quo, book, "rag", "lora").swings}
    assert base == pytest.approx(-10_000 * 0.154)


def test_accuracy_moves_over_its_interval_around_the_base(books, economics, book) -> None:
    bar = bars(sensitivity(books, economics, book, "lora", "rag"))["accuracy"]
    assert bar.net_low < bar.net_base < bar.net_high
    assert bar.flips == (bar.net_low < 0)


def test_widest_bar_comes_first(books, economics, book) -> None:
    widths = [abs(bar.net_high - bar.net_low) for bar in sensitivity(books, economics, book, "lora", "rag").swings]
    assert widths == sorted(widths, reverse=True)


def test_flip_is_told(books, economics, book) -> None:
    found = bars(sensitivity(books, economics, book, "lora", "rag", swings={"volume": (0.001, 1.0)}))
    assert found["volume"].flips
    assert set(found) == {"volume", "accuracy"}
