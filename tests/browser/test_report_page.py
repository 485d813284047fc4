"""The report as its reader meets it. The fixture ``page`` also fails on console errors, dialogs and requests."""

from pathlib import Path
from types import ModuleType

from playwright.sync_api import Browser, Page

from eval import numbers
from eval.report import render

REPOSITORY = Path(__file__).parents[2]
PLOTS = ("#pareto-cost", "#pareto-latency", "#cost-over-time", "#small-sample", "#forest")
PLOTS += ("#tornado", "#decision-map", "#stale-chart")
BOXES = """(name) => Array.from(document.querySelectorAll(name), (node) => {
  const box = node.getBoundingClientRect();
  return [box.left, box.top, box.right, box.bottom];
})"""


def overlapping(boxes: list[list[float]]) -> list[tuple[list[float], list[float]]]:
    """Pairs of boxes that share more than a hairline."""
    return [
        (a, b)
        for i, a in enumerate(boxes)
        for b in boxes[i + 1 :]
        if a[0] < b[2] - 0.5 and b[0] < a[2] - 0.5 and a[1] < b[3] - 2.5 and b[1] < a[3] - 2.5
    ]


def test_the_grid_has_six_cells_with_answer_outcome_and_price(page: Page) -> None:
    cells = page.locator("#answer-grid .cell")
    assert cells.count() == 6
    for i in range(6):
        assert cells.nth(i).locator(".answer").inner_text()
        assert cells.nth(i).locator(".mark").inner_text() in ("Right", "Wrong")
        assert cells.nth(i).locator(".price").inner_text().startswith("$0.")


def test_right_and_wrong_are_told_by_a_sign_too(page: Page) -> None:
    signs = "(name) => getComputedStyle(document.querySelector(name), '::before').content"
    assert page.evaluate(signs, "#answer-grid .cell.right .mark") == '"✓"'
    assert page.evaluate(signs, "#answer-grid .cell.wrong .mark") == '"✗"'


def test_the_selector_shows_another_question(page: Page) -> None:
    page.select_option("#question-picker", "4")
    assert page.inner_text("#question-text") == "How long is the warranty on the Heron mini?"
    assert page.inner_text("#question-expected").endswith("months")
    page.click("#question-next")
    assert page.inner_text("#question-text") != "How long is the warranty on the Heron mini?"


def test_choosing_the_shown_question_again_changes_nothing(page: Page) -> None:
    before = page.inner_text("#answer-grid")
    page.evaluate("document.querySelector('#question-picker').dispatchEvent(new Event('change'))")
    assert page.inner_text("#answer-grid") == before


def test_a_failed_answer_is_shown_as_failed(page: Page) -> None:
    page.select_option("#question-picker", "77")
    cell = page.locator('.cell[data-arm="rag"]')
    assert cell.locator(".mark").inner_text() == "Failed"
    assert "TimeoutError" in cell.locator(".answer").inner_text()


def test_hostile_texts_are_inert_wherever_they_are_shown(page: Page) -> None:
    page.select_option("#filter-configuration", "")
    for question in range(10, 16):
        page.select_option("#question-picker", str(question))
        page.fill("#filter-text", f"q{question:04d}")
        page.locator("#browse-count", has_text="16 answers").wait_for()
        page.locator(".expand").first.click()
    assert page.locator("main img, main script, main b:not([dir]):not(.accuracy b)").count() == 0


def test_filters_agree_with_the_counts(page: Page) -> None:
    assert page.inner_text("#browse-count").startswith("480 answers")
    page.select_option("#filter-track", "task")
    assert page.inner_text("#browse-count").startswith("159 answers")
    page.select_option("#filter-configuration", label="rag-hybrid-k3-rerank")
    assert page.inner_text("#browse-count").startswith("53 answers")
    page.select_option("#filter-track", "")
    page.select_option("#filter-outcome", "failed")
    assert page.inner_text("#browse-count").startswith("1 answer,")


def test_a_stage_of_a_waterfall_lists_its_questions(page: Page) -> None:
    page.select_option("#filter-track", "task")
    row = page.locator('.losses[data-configuration="rag-hybrid-k3-rerank"] tr', has_text="Cut apart by the chunker")
    row.locator("button").click()
    assert (
        page.inner_text("#browse-count")
        == f"{row.locator('td').first.inner_text()} answers, 0\N{NO-BREAK SPACE}% right"
    )
    assert page.locator("#filter-lost option:checked").inner_text() == "Cut apart by the chunker"
    assert page.input_value("#filter-track") == ""


def test_search_finds_words_of_question_answer_and_id(page: Page) -> None:
    page.fill("#filter-text", "q0042")
    page.locator("#browse-count", has_text="3 answers").wait_for()
    page.fill("#filter-text", "OSPREY pro")
    page.locator("#browse-count", has_text="60 answers").wait_for()
    page.fill("#filter-text", "no such words anywhere")
    page.locator("#browse-count", has_text="0 answers").wait_for()


def test_pages_turn(page: Page) -> None:
    first = page.locator("#browse tbody tr th").first.inner_text()
    page.click("#page-next")
    assert page.inner_text("#page-number") == "Page 2 of 20"
    assert page.locator("#browse tbody tr th").first.inner_text() != first


def test_a_row_opens_by_keyboard_and_shows_what_stands_behind_it(page: Page) -> None:
    page.locator(".expand").first.focus()
    page.keyboard.press("Enter")
    detail = page.locator("tr.detail").inner_text()
    for part in ("48 months · 48 MONTHS", "386 in, 6 out", "manual-0#0", "service manual", "per 1,000", "rag-bm25-k3"):
        assert part in detail
    page.keyboard.press("Enter")
    assert page.locator("tr.detail").count() == 0


def test_a_row_leads_to_the_grid(page: Page) -> None:
    page.locator(".expand").nth(3).click()
    page.click("text=Show in the grid")
    assert page.inner_text("#question-text") == "At which temperature does the Kestrel 400 shut itself down?"


def test_the_slider_moves_the_break_even(page: Page) -> None:
    # At 10,000 questions a month 3.621 dollars of extra one-off cost are earned back at 0.57 dollars a month.
    sentence = "lora-r16+rag-hybrid-k3 becomes cheaper than rag-hybrid-k3-rerank after"
    assert f"{sentence} 6.35 months (63,500 questions)." in page.inner_text("#break-even-now")
    page.focus("#volume")
    for _ in range(30):
        page.keyboard.press("ArrowRight")
    assert page.inner_text("#volume-value") == "20,000"
    assert f"{sentence} 3.18 months (63,500 questions)." in page.inner_text("#break-even-now")
    page.click("#volume-reset")
    assert page.inner_text("#volume-value") == "10,000"


def test_the_cost_axis_can_be_logarithmic(page: Page) -> None:
    before = page.locator("#cost-over-time .cost-line").first.get_attribute("d")
    page.check("#log-axis")
    after = page.locator("#cost-over-time .cost-line").first.get_attribute("d")
    assert after != before
    assert "NaN" not in str(after)


def test_the_finance_paragraph_is_copied(page: Page) -> None:
    page.click("#copy-finance")
    page.locator("#copy-status", has_text="Copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#finance-text").text_content()


def test_without_a_clipboard_the_selection_is_copied(page: Page) -> None:
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('refused')); }")
    page.click("#copy-finance")
    page.locator("#copy-status", has_text="Copied.").wait_for()


def test_every_chart_is_drawn_with_a_title_and_a_description(page: Page) -> None:
    charts = page.locator("figure.chart > svg")
    assert charts.count() == 11
    for i in range(11):
        assert charts.nth(i).locator("> title").text_content()
        assert charts.nth(i).locator("> desc").text_content()
    assert "NaN" not in page.locator("main").inner_html()


def test_labels_of_the_plots_do_not_overlap(page: Page) -> None:
    for width in (1280, 800, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(250)
        for plot in (
            "#pareto-cost",
            "#pareto-latency",
            "#cost-over-time",
            "#small-sample",
            "#forest",
            "#tornado",
            "#decision-map",
            "#stale-chart",
        ):
            boxes = page.evaluate(BOXES, f"{plot} text.label, {plot} text.tick")
            assert overlapping(boxes) == [], (width, plot)


def test_nothing_scrolls_sideways_on_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(250)
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    page.locator(".expand").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_text_is_readable_in_both_schemes(page: Page) -> None:
    ratio = (REPOSITORY / "tests" / "browser" / "contrast.js").read_text(encoding="utf-8")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(ratio) == []


def test_on_paper_the_page_is_light_and_without_controls(page: Page) -> None:
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.is_visible("#filters")
    assert not page.is_visible("#copy-finance")


def test_a_run_with_almost_nothing_in_it_still_draws(browser: Browser, simulated: ModuleType, tmp_path: Path) -> None:
    results, frame = simulated.simulated_experiment(number=40)
    first = results.configurations[0]
    free = first.cost.model_copy(
        update={
            "per_1k_questions_usd": first.cost.per_1k_questions_usd.model_copy(
                update={"value": 0.0, "low": 0.0, "high": 0.0}
            ),
            "per_correct_usd": None,
        }
    )
    bare = results.model_copy(
        update={
            "configurations": (first.model_copy(update={"latency": None, "tracks": {}, "cost": free, "roi": None}),),
            "comparisons": (),
            "break_even": (),
            "pareto": (),
            "showcase": None,
            "fact_change": None,
            "small_sample": None,
            "staleness": None,
            "tornado": None,
            "decision_map": None,
            "forgetting": {},
            "timings": {},
            "dataset": results.dataset.model_copy(update={"tracks": {}}),
            "scenario": results.scenario.model_copy(update={"questions_per_month": 0.0}),
            "recommendation": results.recommendation.model_copy(update={"id": first.id}),
        }
    )
    path = render(
        bare, frame[frame["configuration"] == first.id].drop(columns=["correct", "f1"]), tmp_path / "bare.html"
    )
    opened = browser.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.goto(path.as_uri())
    assert opened.inner_text("#browse-count") == "40 answers"
    assert opened.is_visible("#latency-absent")
    assert opened.is_visible("#cost-absent")
    assert "NaN" not in opened.locator("main").inner_html()
    opened.close()
    assert errors == []


def test_numbers_are_written_alike_in_page_and_file(browser: Browser) -> None:
    names = ("money", "score", "percent", "count", "volume", "seconds")
    values = [0, 1e-7, 0.00004567, 0.0031, 0.00951, 0.0999, 0.37, 0.9996, 1, 7.256, 99.994, 123.4, 63158, 1_234_567.8]
    values += [-value for value in values[1:]]
    code = (REPOSITORY / "eval" / "report" / "js" / "numbers.js").read_text(encoding="utf-8")
    empty = browser.new_page()
    for name in names:
        used = [value for value in values if value >= 0] if name == "seconds" else values
        written = empty.evaluate(f"(values) => {{ {code} return values.map({name}); }}", used)
        assert written == [getattr(numbers, name)(value) for value in used], name
    empty.close()
