"""What the panel with the reader's own numbers is given."""

import pandas as pd
import pytest

from eval.report.money import controls, money_data
from eval.results import Results


def entrant(data: dict[str, object], name: str) -> dict[str, float]:
    (found,) = [one for one in data["entrants"] if one["id"] == name]  # type: ignore[attr-defined]
    return found  # type: ignore[no-any-return]


def test_representatives_that_can_be_put_to_use_enter(experiment: tuple[Results, pd.DataFrame]) -> None:
    data = money_data(*experiment)
    names = ["closed_book", "rag-hybrid-k3-rerank", "lora-r16", "lora-r16+rag-hybrid-k3"]
    assert [one["id"] for one in data["entrants"]] == names
    assert (data["absent"], data["statusQuo"]) == ("", None)


def test_the_status_quo_enters_though_it_represents_nothing(experiment: tuple[Results, pd.DataFrame]) -> None:
    results, frame = experiment
    quo = results.scenario.model_copy(update={"status_quo": "rag-hybrid-k8"})
    data = money_data(results.model_copy(update={"scenario": quo}), frame)
    assert data["statusQuo"] == "rag-hybrid-k8"
    # Nothing was changed and asked again with it, so it loses what its arm's representative lost.
    assert entrant(data, "rag-hybrid-k8")["lostByIndex"] == pytest.approx(0.5)


def test_shares_count_all_questions_once(experiment: tuple[Results, pd.DataFrame]) -> None:
    results, frame = experiment
    rows = frame["configuration"] == "closed_book"
    judged = frame.copy()
    judged.loc[rows, "correct"] = [1.0] * 40 + [float("nan")] * 20 + [0.0] * 100
    judged.loc[rows, "abstained"] = [1.0] * 50 + [0.0] * 60 + [1.0] * 50
    found = entrant(money_data(results, judged), "closed_book")
    # A refusal that is right counts as right alone; what is not judged counts as not right.
    assert (found["correct"], found["refused"]) == (0.25, 60 / 160)


@pytest.mark.parametrize(
    ("scenario", "reason"),
    [
        ({"questions_per_month": 0.0}, "the scenario asks no question"),
        (
            {"status_quo": "nobody"},
            "the status quo nobody is neither no_system, a configuration nor dollars a question",
        ),
    ],
)
def test_it_says_why_there_is_nothing_to_reckon(
    experiment: tuple[Results, pd.DataFrame], scenario: dict[str, object], reason: str
) -> None:
    results, frame = experiment
    changed = results.model_copy(update={"scenario": results.scenario.model_copy(update=scenario)})
    assert money_data(changed, frame) == {"absent": reason}


def test_unjudged_answers_are_worth_nothing_that_could_be_told(experiment: tuple[Results, pd.DataFrame]) -> None:
    results, frame = experiment
    assert money_data(results, frame.drop(columns="correct")) == {"absent": "no answer was judged right or wrong"}


def test_dollars_a_question_may_be_the_status_quo(experiment: tuple[Results, pd.DataFrame]) -> None:
    results, frame = experiment
    quo = results.scenario.model_copy(update={"status_quo": "0.25"})
    assert money_data(results.model_copy(update={"scenario": quo}), frame)["statusQuo"] == 0.25


def test_every_slider_holds_what_is_declared(experiment: tuple[Results, pd.DataFrame]) -> None:
    results, frame = experiment
    declared = money_data(results, frame)["declared"]
    for one in controls(results):
        shown = declared[one.name] * (100 if one.name == "churn" else 1)
        assert one.least <= one.low <= shown <= one.high


def test_a_status_quo_without_answers_is_named(experiment: tuple[Results, pd.DataFrame]) -> None:
    results, frame = experiment
    quo = results.scenario.model_copy(update={"status_quo": "rag-hybrid-k8"})
    kept = frame[frame["configuration"] != "rag-hybrid-k8"]
    absent = money_data(results.model_copy(update={"scenario": quo}), kept)["absent"]
    assert absent == "the answers of the status quo rag-hybrid-k8 are not in the table"
