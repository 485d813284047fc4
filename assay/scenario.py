"""A finished run reckoned again under another scenario, from its files alone: no model, no store, seconds."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assay.finished import load_run
from assay.scenario_tables import as_markdown
from eval.economics.scenario_file import load_scenario
from eval.economics.statement import Statement, make_statement
from eval.economics.usage_file import read_books, read_usage


def reckon_again(folder: Path, scenario: Path | Mapping[str, Any] | None = None) -> Statement:
    """The statement of a finished run; without a ``scenario`` the run's own, to the last digit. Writes ``roi.json`` and
    ``roi.md`` in the folder. Raises ``UserError`` for a run or scenario that cannot be reckoned with."""
    results, table = load_run(folder)
    used = read_usage(folder)
    terms, prices = load_scenario(scenario, used.economics, used.price_book)
    books, sizes = read_books(used, results, table)
    reason = results.absent.get("staleness", "")
    statement = make_statement(results.name, books, terms, prices, results.comparisons, sizes, reason)
    write_statement(statement, folder)
    return statement


def write_statement(statement: Statement, folder: Path) -> None:
    """``roi.json`` and ``roi.md``, each in one step."""
    statement.save(folder / "roi.json")
    part = folder / "roi.md.part"
    part.write_text(as_markdown(statement), encoding="utf-8")
    part.replace(folder / "roi.md")
