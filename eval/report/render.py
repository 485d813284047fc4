"""Writes the report: one HTML file that opens from disk, with no network, in any current browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from eval.report.answers import embedded_answers
from eval.report.assets import content_policy, script, stylesheet
from eval.report.charts import chart_data
from eval.report.embed import embedded_json
from eval.report.money import money_data
from eval.report.page import page_context
from eval.results import Results

if TYPE_CHECKING:
    import pandas as pd
    from jinja2 import Environment


def render(results: Results, per_question: pd.DataFrame, path: Path) -> Path:
    """Write the report of ``results`` to ``path`` and return it.

    ``per_question`` has the columns of ``eval.per_question`` and one column a metric, a row for each configuration,
    seed and test question. The file is written in one step, so that a reader never sees half of it.
    """
    from markupsafe import Markup

    style, code = stylesheet(), script()
    money = money_data(results, per_question)
    html = (
        _environment()
        .get_template("report.html.j2")
        .render(
            page_context(results),
            policy=content_policy(style, code),
            style=Markup(style),  # noqa: S704 - our own files
            code=Markup(code),  # noqa: S704 - our own files
            charts=embedded_json(chart_data(results) | {"money": money}),
            money=money,
            answers=embedded_answers(results, per_question),
        )
    )
    part = path.with_suffix(".part")
    # A lone surrogate in an answer has no UTF-8 form: it becomes a question mark rather than an error.
    part.write_text(html, encoding="utf-8", errors="replace")
    return part.replace(path)


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from eval import numbers
    from eval.report.wording import between, breakable, metric_name, metric_title, status_quo_name

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for function in (
        numbers.money,
        numbers.score,
        numbers.percent,
        numbers.count,
        numbers.seconds,
        numbers.duration,
        numbers.volume,
        between,
        breakable,
        metric_name,
        metric_title,
        status_quo_name,
    ):
        environment.filters[function.__name__] = function
    return environment
