import numpy as np
import pytest

from eval.recommendation import Option, Shortfall, best_on_dev, eligible, recommend, shortfalls
from eval.results import Arm, Interval, Scenario
from pipelines.errors import UserError

SCENARIO = Scenario(
    questions_per_month=10_000,
    horizon_months=12,
    correct_usd=1.0,
    wrong_usd=0.5,
    escalation_usd=0.8,
    status_quo="no_system",
    price_book="test",
    prices_dated="2026-01-01",
)


def option(name: str, arm: Arm, dev: float, test: float, usd: float, selected: bool = True) -> Option:
    return Option(name, arm, selected, dev, test, Interval(value=usd, low=0.9 * usd, high=1.1 * usd))


RAG = option("rag", "rag", 0.60, 0.61, 500)
LORA = option("lora", "lora", 0.58, 0.60, 200)
CLOSED = option("closed_book", "closed_book", 0.10, 0.11, 50)
GOLD = option("gold_context", "gold_context", 0.90, 0.91, 100)


def advise(options: list[Option], behind: dict[str, Shortfall]):
    return recommend(options, behind, metric="f1", margin=0.03, scenario=SCENARIO)


def test_cheapest_not_shown_inferior_is_recommended() -> None:
    behind = {"lora": Shortfall(0.01, -0.02, 0.04), "closed_book": Shortfall(0.50, 0.40, 0.60)}
    found = advise([RAG, LORA, CLOSED, GOLD], behind)
    assert found.id == "lora"
    assert not found.decided
    assert found.headline == "Not decided by these questions; the cheapest that is not ruled out is lora."
    assert found.because == (
        "lora costs $200 (95 % interval $180 to $220) over 12 months at 10,000 questions a month, the least of the 2 "
        "of 3 candidates not shown to be more than 0.03 behind rag, the best on dev at $500: on test its f1 is 0.600 "
        "against 0.610, a shortfall of 0.010 and of at most 0.040 (one-sided 95 % limit over all candidates), so a "
        "loss above 0.03 is not ruled out."
    )


def test_loss_below_the_margin_is_called_not_inferior() -> None:
    behind = {"lora": Shortfall(0.01, -0.01, 0.025), "closed_book": Shortfall(0.50, 0.40, 0.60)}
    found = advise([RAG, LORA, CLOSED], behind)
    assert "so it is shown not inferior" in found.because
    assert (found.decided, found.headline) == (True, "Use lora.")


def test_what_answers_nothing_right_is_not_decided_on() -> None:
    found = advise([option("rag", "rag", 0.0, 0.0, 500)], {})
    assert not found.decided
    assert found.because.endswith("But its f1 on test is 0: it answers nothing right, and nothing speaks for using it.")


def test_all_others_shown_inferior_leaves_the_best() -> None:
    behind = {"lora": Shortfall(0.2, 0.1, 0.3), "closed_book": Shortfall(0.5, 0.4, 0.6)}
    found = advise([RAG, LORA, CLOSED], behind)
    assert found.id == "rag"
    assert "the 2 others are shown to fall more than 0.03 behind it" in found.because


def test_shortfall_of_exactly_the_margin_is_not_shown_to_exceed_it() -> None:
    behind = {"lora": Shortfall(0.1, 0.03, 0.2), "closed_book": Shortfall(0.5, 0.4, 0.6)}
    assert advise([RAG, LORA, CLOSED], behind).id == "lora"


def test_gold_context_is_never_recommended_and_the_rule_says_why() -> None:
    found = advise([RAG, GOLD], {})
    assert found.id == "rag"
    assert found.rule.endswith("Left out because they need the gold passages: gold_context.")
    assert found.because.endswith("and is the only candidate, with f1 0.610 on test.")


def test_best_is_chosen_on_dev_even_where_test_disagrees() -> None:
    lucky = option("lucky", "lora", 0.50, 0.99, 300)
    assert best_on_dev([RAG, lucky]).id == "rag"


def test_equal_dev_means_go_to_the_cheaper() -> None:
    assert best_on_dev([RAG, option("twin", "lora_rag", 0.60, 0.1, 400)]).id == "twin"


def test_configurations_not_chosen_on_dev_are_no_candidates() -> None:
    assert eligible([RAG, option("rag_k10", "rag", 0.59, 0.9, 1, selected=False)]) == [RAG]


def test_best_that_is_also_cheapest_is_named_as_such() -> None:
    cheap = option("cheap", "lora_rag", 0.7, 0.7, 10)
    found = advise([RAG, cheap], {"rag": Shortfall(0.09, 0.0, 0.15)})
    assert found.id == "cheap"
    assert "the least of the 2 of 2 candidates" in found.because


def test_nothing_but_gold_is_a_user_error() -> None:
    with pytest.raises(UserError, match="all of them need the gold passages"):
        advise([GOLD], {})


def test_shortfalls_are_paired_and_signed_as_best_minus_x() -> None:
    generator = np.random.default_rng(0)
    best = generator.integers(0, 2, 200).astype(float)
    values = {"best": best, "same": best, "none": np.zeros(200)}
    found = shortfalls(values, "best", np.arange(200))
    assert found["same"].mean == 0.0
    assert found["same"].low < 0 < found["same"].high < 0.03
    assert found["none"].mean == pytest.approx(best.mean())
    assert found["none"].low > 0.03


def test_more_candidates_widen_the_limits() -> None:
    generator = np.random.default_rng(1)
    rows = {name: generator.random(100) for name in "abcde"}
    alone = shortfalls({"a": rows["a"], "b": rows["b"]}, "a", np.arange(100))["b"]
    together = shortfalls(rows, "a", np.arange(100))["b"]
    assert together.low < alone.low < alone.high < together.high
