"""The panel with the reader's own numbers: what the page reckons is what ``eval.economics`` reckons."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from eval import numbers
from eval.economics.account import Books, candidate_of, priced
from eval.economics.break_even import break_even
from eval.economics.candidate import Candidate, horizon_cost
from eval.economics.lead import without_sunk
from eval.economics.per_correct import cost_per_correct
from eval.economics.prices import PriceBook
from eval.economics.roi import roi
from eval.economics.terms import Economics, scenario_of
from eval.report import render
from eval.results import Cost, Results


@dataclass
class Panel:
    """A report opened in the browser, and the books behind it."""

    page: Page
    books: Books
    prices: PriceBook
    economics: Economics
    results: Results

    def set(self, settings: dict[str, Any]) -> None:
        """Type settings into the controls, as the page names them."""
        for name, value in settings.items():
            if name in ("retrain", "reindex"):
                self.page.select_option(f"#scenario-{name}", "" if value is None else f"{value:g}")
            else:
                self.page.fill(f"#scenario-{name}", repr(value * 100 if name == "churn" else value))

    def figures(self) -> dict[str, list[float]]:
        """The figures of every row at full precision."""
        read = """(rows) => rows.map((row) =>
            [row.dataset.id, ...Array.from(row.querySelectorAll("data"), (x) => x.value)])"""
        rows = self.page.locator("#what-if-table tbody tr").evaluate_all(read)
        return {name: [float(value) for value in values] for name, *values in rows}


NAMES = {"asked": "questions_per_month", "months": "horizon_months", "churn": "churn_per_month"}
NAMES |= {name: f"{name}_usd" for name in ("correct", "wrong", "escalation")}
NAMES |= {name: f"{name}_months" for name in ("retrain", "reindex")}


def terms_of(panel: Panel, settings: dict[str, Any]) -> tuple[Economics, PriceBook]:
    """The same settings for ``eval.economics``."""
    economics = panel.economics
    changed = {NAMES[name]: value for name, value in settings.items() if name not in ("asked", "price")}
    terms = economics.at_volume(settings.get("asked", economics.questions_per_month)).model_copy(update=changed)
    return terms, panel.prices.times(settings.get("price", 1.0))


def reckoned(books: Books, economics: Economics, prices: PriceBook) -> tuple[dict[str, Candidate], dict[str, Cost]]:
    """What can win, as Python sees it."""
    names = [one.id for one in books.contenders]
    entering = [one for one in books.accounts if one.id in names or one.id == economics.status_quo]
    costs = {one.id: priced(one, economics, prices, books.clusters) for one in entering}
    return {one.id: candidate_of(one, *costs[one.id], economics) for one in entering}, {
        k: c for k, (c, _) in costs.items()
    }


def opened(
    browser: Browser, simulated: ModuleType, money: ModuleType, folder: Path, changes: dict[str, Any]
) -> Iterator[Panel]:
    """The report under changed terms; a script error or a request fails the test."""
    results, frame = simulated.simulated_experiment()
    books, economics = money.books_of(results, frame), money.DECLARED.model_copy(update=changes)
    results = money.with_money(results, books, economics)
    path = render(results, frame, folder / "report.html")
    page, trouble = browser.new_page(viewport={"width": 1280, "height": 900}), []
    page.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("request", lambda request: None if request.url == path.as_uri() else trouble.append(request.url))
    page.goto(path.as_uri())
    yield Panel(page, books, money.BOOK, economics, results)
    page.close()
    assert trouble == []


@pytest.fixture(scope="module")
def panel(
    browser: Browser, simulated: ModuleType, money: ModuleType, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Panel]:
    """Machines paid by use, against no system."""
    yield from opened(browser, simulated, money, tmp_path_factory.mktemp("panel"), {})


@pytest.fixture(scope="module")
def dedicated(
    browser: Browser, simulated: ModuleType, money: ModuleType, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Panel]:
    """Dedicated machines, against a configuration."""
    terms: dict[str, Any] = {"billing": "dedicated", "peak_factor": 40.0, "status_quo": "rag-hybrid-k3-rerank"}
    terms["labour_hours_month"] = 2.0
    yield from opened(browser, simulated, money, tmp_path_factory.mktemp("panel"), terms)


SETTINGS: list[dict[str, Any]] = [
    {},
    {"asked": 1234.5},
    {"asked": 2_000_000.0, "months": 7.5, "price": 2.5},
    {"correct": 3.0, "wrong": 1.75, "escalation": 2.2},
    {"churn": 0.0, "retrain": None, "reindex": None},
    {"churn": 0.11, "retrain": 1, "reindex": 12, "months": 25.0},
    {"churn": 0.5, "retrain": None, "reindex": 1, "asked": 500.0, "correct": 0.0},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("name", ["panel", "dedicated"])
def test_page_and_python_reckon_alike(name: str, settings: dict[str, Any], request: pytest.FixtureRequest) -> None:
    panel: Panel = request.getfixturevalue(name)
    panel.page.click("#scenario-reset")
    panel.set(settings)
    terms, prices = terms_of(panel, settings)
    candidates, costs = reckoned(panel.books, terms, prices)
    scenario, clusters = scenario_of(terms, prices), panel.books.clusters
    found = panel.figures()
    assert set(found) == set(candidates)
    nets = {key: roi(one, scenario, clusters, candidates).net_usd.value for key, one in candidates.items()}
    assert list(found) == sorted(nets, key=lambda key: -nets[key])
    for key, one in candidates.items():
        expected = [nets[key], horizon_cost(one, scenario, clusters).value]
        if (per_correct := cost_per_correct(one, scenario, clusters)[0]) is not None:
            expected.append(per_correct.value)
        if terms.billing == "dedicated":
            expected.append(costs[key].machines_at_peak or 0)
        assert found[key] == pytest.approx(expected, rel=1e-9), key
    first, second = (without_sunk(candidates[key], terms) for key in list(found)[:2])
    crossing = break_even(first, second, scenario, clusters, on="net_value", draws=20).questions
    shown = panel.page.locator("#what-if-break-even li:last-child data")
    volumes = [float(value) for value in shown.evaluate_all("(nodes) => nodes.map((node) => node.value)")]
    assert volumes == pytest.approx([crossing.value] if crossing else [], rel=1e-9)


def test_declared_scenario_shows_the_numbers_of_the_run(panel: Panel) -> None:
    panel.set({"asked": 77.0, "churn": 0.2})
    panel.page.click("#scenario-reset")
    assert panel.page.inner_text("#scenario-state") == "This is the declared scenario."
    for one in panel.books.contenders:
        told = panel.results.configuration(one.id)
        assert told.roi is not None
        text = panel.page.locator(f'#what-if-table tr[data-id="{one.id}"]').inner_text()
        shown = [told.roi.net_usd, told.cost.per_correct_usd] if told.cost.per_correct_usd else [told.roi.net_usd]
        for interval in shown:
            written = [numbers.money(x) for x in (interval.value, interval.low, interval.high)]
            assert f"{written[0]} {written[1]} to {written[2]}" in text


def test_interval_stands_where_it_follows_from_the_run_alone(panel: Panel) -> None:
    panel.page.click("#scenario-reset")
    panel.set({"asked": 90_000.0})
    terms, prices = terms_of(panel, {"asked": 90_000.0})
    candidates, _ = reckoned(panel.books, terms, prices)
    cost = horizon_cost(candidates["lora-r16"], scenario_of(terms, prices), panel.books.clusters)
    spent = panel.page.locator('#what-if-table tr[data-id="lora-r16"] td[data-label="Cost"]')
    assert spent.inner_text() == f"{numbers.money(cost.value)} {numbers.money(cost.low)} to {numbers.money(cost.high)}"
    net = roi(candidates["lora-r16"], scenario_of(terms, prices), panel.books.clusters, candidates).net_usd
    row = panel.page.locator('#what-if-table tr[data-id="lora-r16"] td[data-label="Net"]')
    assert row.inner_text() == f"{numbers.money(net.value)} {numbers.money(net.low)} to {numbers.money(net.high)}"
    panel.set({"wrong": 0.5})
    assert "to" not in row.inner_text()
    panel.page.click("#scenario-reset")
    assert "to" in row.inner_text()
    panel.set({"churn": 0.1})
    assert "to" not in row.inner_text()


def test_sliders_and_fields_move_together(panel: Panel) -> None:
    panel.page.click("#scenario-reset")
    slider = panel.page.locator('.control[data-name="asked"] input[type="range"]')
    assert slider.input_value() == "200"
    slider.fill("300")
    assert panel.page.input_value("#scenario-asked") == "300000"
    panel.page.fill("#scenario-asked", "3000")
    assert slider.input_value() == "100"
    before = panel.figures()
    panel.page.fill("#scenario-asked", "-4")
    assert panel.page.get_attribute("#scenario-asked", "aria-invalid") == "true"
    assert panel.figures() == before


def test_lines_of_cost_jump_at_every_retraining(panel: Panel) -> None:
    terms = panel.economics
    candidates, _ = reckoned(panel.books, terms, panel.prices)
    spent = {
        key: horizon_cost(one, scenario_of(terms, panel.prices), panel.books.clusters).value
        for key, one in candidates.items()
    }
    said = panel.page.inner_text("#break-even-now li:last-child")
    for key, usd in spent.items():
        assert f"{key} {numbers.money(usd)}" in said


def test_dedicated_machines_stand_with_their_price(dedicated: Panel) -> None:
    rows = dedicated.page.locator("#time table", has_text="Machines at peak").locator("tbody tr")
    cost = dedicated.results.configuration("lora-r16").cost
    assert cost.machine_usd_month == pytest.approx(730 * 3.6)
    text = rows.filter(has_text="lora-r16").first.inner_text().split("\t")
    assert text[1:] == [str(cost.machines_at_peak), numbers.money(730 * 3.6), numbers.money(cost.hosting_usd_month)]
