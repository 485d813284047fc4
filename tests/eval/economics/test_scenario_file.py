from pathlib import Path

import pytest

from eval.economics.prices import DEFAULT_BOOK
from eval.economics.scenario_file import load_scenario
from pipelines.errors import UserError


def test_what_is_left_out_is_the_runs(economics, book, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("questions_per_month: 50\nbilling: dedicated\n")
    found, prices = load_scenario(tmp_path / "s.yaml", economics, book)
    expected = economics.model_dump() | {"questions_per_month": 50.0, "billing": "dedicated"}
    assert found.model_dump(exclude={"corpus_documents", "model_parameters"}) == expected
    assert prices is book


@pytest.mark.parametrize("source", [None, {}])
def test_no_scenario_is_the_runs_own(source, economics, book) -> None:
    found, prices = load_scenario(source, economics, book)
    assert found.model_dump(exclude={"corpus_documents", "model_parameters"}) == economics.model_dump()
    assert prices is book


def test_price_book_is_meant_from_the_file_on(economics, book, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(DEFAULT_BOOK.read_text().replace("name: scenario-2026", "name: mine"))
    (tmp_path / "s.yaml").write_text("price_book: mine.yaml\nmachine: cpu_8\n")
    found, prices = load_scenario(tmp_path / "s.yaml", economics, book)
    assert prices.name == "mine"
    assert found.price_book == str(tmp_path / "mine.yaml")


def test_peak_factor_replaces_a_peak_the_run_was_given(economics, book) -> None:
    given = economics.model_copy(update={"peak_per_second": 3.0})
    assert load_scenario({"peak_factor": 2}, given, book)[0].at_peak == pytest.approx(2 * 1000 / (730 * 3600))
    assert load_scenario({}, given, book)[0].at_peak == 3.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "horizon_months: 6\nquestions_per_month: 0\n",
            ":2: questions_per_month: input should be greater than 0, not 0",
        ),
        ("churn_per_month: 1.5\n", ":1: churn_per_month: input should be less than or equal to 1, not 1.5"),
        ("utilisation: .nan\n", ":1: utilisation: input should be "),
        ("\nquestions_a_month: 3\n", ":2: questions_a_month: unknown field; did you mean 'questions_per_month'?"),
        ("billing: hourly\n", ":1: billing: input should be 'per_use' or 'dedicated', not 'hourly'"),
        ("peak_per_second: 0.0001\n", ":1: peak_per_second 0.0001 is below the mean of 0.000381 questions per second"),
        ("- a\n", ":1: a scenario is a mapping of fields such as questions_per_month: 50000"),
        ("a: [\n", ":2: not valid YAML"),
        ("horizon_months: 3\nhorizon_months: 4\n", ":2: key 'horizon_months' stands twice; keep one"),
    ],
)
def test_bad_scenario_is_one_line_with_its_place(text, expected, economics, book, tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        load_scenario(path, economics, book)
    message = str(caught.value)
    assert message.startswith(f"{path}{expected}")
    assert "\n" not in message


def test_missing_file_and_negative_price_are_told(economics, book, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read the scenario: No such file"):
        load_scenario(tmp_path / "none.yaml", economics, book)
    text = DEFAULT_BOOK.read_text().replace("usd_per_hour: 0.0816", "usd_per_hour: -1", 1)
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(UserError, match=r"bad.yaml:\d+: machines.small_cpu.usd_per_hour: .* not -1"):
        load_scenario({"price_book": str(tmp_path / "bad.yaml")}, economics, book)
