import json
from datetime import UTC, datetime

import pytest

from eval.economics.paragraph import finance_paragraph
from eval.results import (
    BreakEven,
    ConfigurationResult,
    Cost,
    DatasetInfo,
    Environment,
    Estimate,
    Interval,
    Recommendation,
    Results,
    Roi,
    Scenario,
    Store,
    Tokens,
    Volume,
)


def interval(value: float) -> Interval:
    return Interval(value=value, low=0.9 * value, high=1.1 * value)


@pytest.fixture
def results() -> Results:
    lora = ConfigurationResult(
        id="lora",
        arm="lora",
        inputs=("training pairs",),
        params={},
        fingerprint="f",
        selected_on_dev=True,
        metrics={"correct": Estimate(mean=0.6, low=0.5, high=0.7, n=100, method="exact")},
        tracks={},
        tokens=Tokens(input_mean=40, output_mean=5),
        cost=Cost(
            index_usd=0.0,
            train_usd=48.7,
            per_1k_questions_usd=interval(0.015),
            hosting_usd_month=0.5,
            per_correct_usd=interval(0.003),
        ),
        roi=Roi(
            baseline="no_system",
            horizon_months=12,
            benefit_usd=interval(30_000),
            cost_usd=interval(200),
            net_usd=interval(29_800),
            ratio=interval(149),
            payback_months=interval(2.0),
        ),
        store=Store(hits=0, misses=1),
    )
    return Results(
        name="demo",
        created=datetime(2026, 1, 1, tzinfo=UTC),
        seed=0,
        primary_metric="f1",
        dataset=DatasetInfo(name="d", fingerprint="f", language="en", documents=1, questions={}, tracks={}),
        environment=Environment(python="3.11", packages={}, cpu="cpu", gpu=None, threads=2),
        scenario=Scenario(
            questions_per_month=10_000,
            horizon_months=12,
            correct_usd=1.0,
            wrong_usd=0.5,
            escalation_usd=0.8,
            status_quo="no_system",
            price_book="scenario-2026",
            prices_dated="2025-09-12",
        ),
        configurations=(lora,),
        comparisons=(),
        break_even=(
            BreakEven(
                a="lora",
                b="rag",
                on="cost",
                status="at",
                questions=Volume(value=3000, low=2500, high=4000),
                p_never=0.0,
            ),
        ),
        pareto=("lora",),
        recommendation=Recommendation(id="lora", because="", rule=""),
    )


def changed(results: Results, **fields: object) -> Results:
    chosen = results.configurations[0]
    return results.model_copy(update={"configurations": (chosen.model_copy(update=fields),)})


def test_paragraph_says_it_all_in_one_piece(results: Results) -> None:
    assert finance_paragraph(results) == (
        "At 10,000 questions a month over 12 months we recommend lora. It answers 60 % of test questions correctly "
        "(50 % to 70 %). Setting it up costs $48.70 once, hosting $0.50 a month and a thousand questions $0.015 "
        "($0.0135 to $0.0165), which comes to $0.003 ($0.0027 to $0.0033) for each correct answer with everything "
        "included. Against no system it gains a net $29,800 ($26,820 to $32,780) over the horizon, a return of 149 "
        "times the money spent (134 times to 164 times), and pays for itself after 2.0 months (1.8 to 2.2). lora is "
        "cheaper than rag from 3,000 questions on (2,500 to 4,000); 120,000 are planned. This assumes that a correct "
        "answer is worth $1.00, a wrong one costs $0.50 and handing a question to a person costs $0.80; prices are "
        "those of scenario-2026, the oldest dated 2025-09-12, and are a scenario, not a quote. Ranges are 95 % "
        "intervals from the test questions; one-off costs were measured once."
    )


def test_facts_that_change_are_told_with_the_cadences(results: Results) -> None:
    moving = results.scenario.model_copy(update={"churn_per_month": 0.03, "reindex_months": 1.0})
    text = finance_paragraph(results.model_copy(update={"scenario": moving}))
    assert (
        "It reckons with 3 % of the facts changing in a month, with retraining never and re-indexing every 1 month; "
        "what stale answers lose was measured."
    ) in text


def test_absent_payback_is_told_with_its_reason(results: Results) -> None:
    chosen = results.configurations[0]
    assert chosen.roi is not None
    roi = chosen.roi.model_copy(
        update={"payback_months": None, "ratio": None, "net_usd": Interval(value=5, low=-200, high=210)}
    )
    told = changed(results, roi=roi).model_copy(update={"absent": {"configurations.lora.payback_months": "too noisy"}})
    assert (
        "is not shown to gain or lose: the net is $5.00 (\N{MINUS SIGN}$200 to $210) over the horizon"
        in finance_paragraph(told)
    )
    assert "it is not shown to pay for itself (too noisy)." in finance_paragraph(told)


def test_loss_is_called_a_loss(results: Results) -> None:
    chosen = results.configurations[0]
    assert chosen.roi is not None
    roi = chosen.roi.model_copy(update={"net_usd": Interval(value=-300, low=-400, high=-200), "payback_months": None})
    assert "loses a net \N{MINUS SIGN}$300 (\N{MINUS SIGN}$400 to \N{MINUS SIGN}$200)" in finance_paragraph(
        changed(results, roi=roi)
    )


def test_open_break_even_says_what_it_would_take(results: Results) -> None:
    crossing = results.break_even[0].model_copy(
        update={"status": "undecided", "questions": Volume(value=3000, low=2500, high=None)}
    )
    text = finance_paragraph(results.model_copy(update={"break_even": (crossing,)}))
    assert "Whether lora ever becomes cheaper than rag is undecided: it would take at least 2,500 questions." in text


def test_missing_return_is_said(results: Results) -> None:
    assert "No return was computed." in finance_paragraph(changed(results, roi=None))


def test_paragraph_survives_the_round_trip_through_json(results: Results) -> None:
    again = Results.model_validate(json.loads(results.model_dump_json()))
    assert finance_paragraph(again) == finance_paragraph(results)
