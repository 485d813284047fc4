"""The charts for whoever decides on the money, in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

JS = Path(__file__).parents[2] / "eval" / "report" / "js"


def test_lines_cross_at_jumps_too(browser: Browser) -> None:
    # Training for 100 at 0, 6 and 12 of 14 months against 30 a month: 100 = 30 t at 3.33; at 6 the trained one jumps
    # to 200 where the other has spent 180; 200 = 30 t at 6.67; at 12 it jumps to 300, and the other has spent 360.
    code = "".join((JS / f"{name}.js").read_text(encoding="utf-8") for name in ("numbers", "spending", "break_even"))
    empty = browser.new_page()
    found = empty.evaluate(
        f"""() => {{ {code}
        const charts = {{ volume: 1000 }};
        const free = {{ index: 0, train: 0, hosting: 0, machine: null, load: null, perThousand: [0, 0, 0] }};
        const lines = [{{ ...free, id: "tuned", train: 100 }}, {{ ...free, id: "rag", perThousand: [30, 30, 30] }}];
        const terms = {{ asked: 1000, price: 1, retrain: 6, reindex: null }};
        return crossings(lines, 14, terms).map((one) => [one.months, one.usd, one.text.split(" after")[0]]);
        }}"""
    )
    empty.close()
    told = [name for *_, name in found]
    assert told == [f"{a} becomes cheaper than {b}" for a, b in (("tuned", "rag"), ("rag", "tuned"), ("tuned", "rag"))]
    assert [months for months, *_ in found] == pytest.approx([10 / 3, 6, 20 / 3])
    assert [usd for _, usd, _ in found] == pytest.approx([100, 100, 200])


def test_undecided_cells_look_undecided(page: Page) -> None:
    look = """(nodes) => nodes.map((node) => {
      const dashes = getComputedStyle(node.querySelector("rect")).strokeDasharray;
      return [node.querySelector("text").textContent, node.querySelectorAll(".hatch").length, dashes];
    })"""
    cells = page.locator("#decision-map > svg .map-cell").evaluate_all(look)
    assert len(cells) == 15
    undecided = [cell for cell in cells if "?" in cell[0]]
    assert 0 < len(undecided) < 15
    assert {(hatches, dashes) for _, hatches, dashes in undecided} == {(1, "3px, 3px")}
    assert {(hatches, dashes) for text, hatches, dashes in cells if "?" not in text} == {(0, "none")}
    # What is worth less than the status quo stands in brackets.
    assert any(text.startswith("(") for text, *_ in cells)
    assert not all(text.startswith("(") for text, *_ in cells)


def test_every_swing_has_two_bars_that_start_at_the_declared_net(page: Page) -> None:
    bars = page.locator("#tornado > svg rect.swing").evaluate_all(
        "(nodes) => nodes.map((node) => ['x', 'width'].map((name) => Number(node.getAttribute(name))))"
    )
    base = float(page.get_attribute("#tornado .base-line", "x1") or "nan")
    swings = page.locator("#sensitivity tbody tr")
    assert len(bars) == 2 * swings.count()
    for x, width in bars:
        assert base == pytest.approx(x, abs=0.01) or base == pytest.approx(x + width, abs=1.01)


def test_names_break_between_words_in_the_tables(page: Page) -> None:
    # Each part of a name stands in one line: as many boxes as the text node has lines.
    lines = """(rows) => rows.flatMap((row) => Array.from(row.childNodes))
      .filter((node) => node.nodeType === 3 && node.data.trim())
      .map((node) => {
        const range = document.createRange();
        range.selectNodeContents(node);
        return range.getClientRects().length;
      })"""
    names = ", ".join(f"#{section} th[scope=row]" for section in ("time", "staleness", "what-if"))
    page.evaluate("document.querySelector('#staleness th[scope=row]').textContent = 'reciprocalrank'")
    for width in (1400, 1000, 780):
        page.set_viewport_size({"width": width, "height": 900})
        found = page.locator(names).evaluate_all(lines)
        assert len(found) > 20
        assert set(found) == {1}, width


@pytest.mark.parametrize("width", [360, 1400])
def test_nothing_scrolls_sideways(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_timeout(250)
    assert page.evaluate("document.documentElement.scrollWidth") == width
