"""A statement as tables, for the terminal and as Markdown. ``(x)`` marks every figure that is extrapolated."""

from collections.abc import Iterator
from dataclasses import dataclass
from string import ascii_uppercase

from assay.tables import Cells, markdown_table
from eval.economics.statement import Line, Statement
from eval.finance import MapCell
from eval.numbers import count, money, percent
from eval.report.wording import break_even_sentence
from eval.results import Interval

MARK = " (x)"


@dataclass(frozen=True)
class Section:
    """A heading, a table where there is one, and what stands below it."""

    title: str
    cells: Cells
    notes: tuple[str, ...] = ()


def sections(statement: Statement) -> Iterator[Section]:
    """Cost, cost over time, return, break-even, sensitivity and the decision map, in this order."""
    mark = MARK if statement.extrapolations else ""
    yield Section("What it costs", _costs(statement, mark), _cost_notes(statement))
    yield Section(f"Cost over time{mark}", _over_time(statement))
    yield Section(
        f"Return on investment against {statement.scenario.status_quo}{mark}", _returns(statement), _why(statement)
    )
    crossings = tuple(break_even_sentence(one) for one in statement.break_even)
    yield Section(f"Break-even{mark}", (), crossings or ("No two configurations are compared.",))
    if statement.tornado is not None:
        title = f"What moves the net value of {statement.tornado.a} over {statement.tornado.b}{mark}"
        yield Section(
            title, _tornado(statement), ("A star marks what turns a gain into a loss, or a loss into a gain.",)
        )
    yield Section(f"Who wins where{mark}", _map(statement), _map_notes(statement))
    yield Section(f"Recommendation{mark}", (), (statement.recommendation.because,))


def head(statement: Statement) -> tuple[str, ...]:
    """What all figures rest on."""
    one = statement.scenario
    lines = [
        f"{count(one.questions_per_month)} questions a month for {one.horizon_months:g} months, "
        f"{statement.questions_per_second_at_peak:.3g} a second at peak; a correct answer is worth "
        f"{money(one.correct_usd)}, a wrong one costs {money(one.wrong_usd)}, an escalation "
        f"{money(one.escalation_usd)}; {percent(one.churn_per_month)} of facts change in a month; prices of "
        f"{one.price_book}, the oldest of {one.prices_dated}. Ranges are 95 % intervals."
    ]
    lines += [f"EXTRAPOLATED{MARK}: {note.what} (x {note.factor:.3g})." for note in statement.extrapolations]
    return tuple(lines)


def as_markdown(statement: Statement) -> str:
    """The whole statement as Markdown."""
    parts = [f"# What {statement.run} costs and returns", *head(statement)]
    for section in sections(statement):
        parts.append(f"## {section.title}")
        if section.cells:
            parts.append(markdown_table(section.cells))
        parts += section.notes
    return "\n\n".join(parts) + "\n"


def _range(interval: Interval | None) -> str:
    return "" if interval is None else f"{money(interval.value)} [{money(interval.low)}, {money(interval.high)}]"


def _shares(interval: Interval) -> str:
    return f"{percent(interval.value)} [{percent(interval.low)}, {percent(interval.high)}]"


def _costs(statement: Statement, mark: str) -> Cells:
    rows = [
        [
            "configuration",
            "one-off",
            "a month",
            "1,000 questions",
            "a correct answer",
            "machines at peak",
            "lost by staleness",
        ]
    ]
    for line in statement.configurations:
        cost, per_correct = line.cost, _range(line.cost.per_correct_usd)
        rows.append(
            [
                line.id,
                money(cost.index_usd + cost.train_usd) + _mark(line, "index_usd", "train_usd"),
                money(cost.hosting_usd_month) + _mark(line, "hosting_usd_month"),
                _range(cost.per_1k_questions_usd) + _mark(line, "per_1k_questions_usd"),
                per_correct + (MARK if per_correct and line.extrapolated else ""),
                "" if cost.machines_at_peak is None else f"{cost.machines_at_peak}" + _mark(line, "machines_at_peak"),
                _shares(line.stale) if statement.scenario.churn_per_month else "",
            ]
        )
    return rows


def _mark(line: Line, *fields: str) -> str:
    return MARK if set(fields) & set(line.extrapolated) else ""


def _cost_notes(statement: Statement) -> tuple[str, ...]:
    billing = statement.economics.billing
    paid = {
        "per_use": "Machines are paid by use: a month is storage and labour; those at peak have to be there.",
        "dedicated": "Machines are dedicated: a month pays for those at peak, storage and labour, a question for none.",
    }
    return (paid[billing],)


def _over_time(statement: Statement) -> Cells:
    """Dollars spent by then, at the start and after each quarter of the horizon."""
    curves = statement.cost_by_month
    last = len(curves[0].at) - 1
    places = sorted({round(last * quarter / 4) for quarter in range(5)})
    rows = [["configuration", *(f"month {curves[0].at[place]:g}" for place in places)]]
    for line, curve in zip(statement.configurations, curves, strict=True):
        mark = MARK if line.extrapolated else ""
        rows.append([line.id, *(money(curve.usd[place]) + mark for place in places)])
    return rows


def _returns(statement: Statement) -> Cells:
    rows = [["configuration", "benefit", "cost", "net", "ratio", "payback, months"]]
    touched = {line.id for line in statement.configurations if line.extrapolated}
    for line in statement.configurations:
        roi, ratio, back = line.roi, line.roi.ratio, line.roi.payback_months
        mark = MARK if touched & {line.id, roi.baseline} else ""
        rows.append(
            [
                line.id,
                _range(roi.benefit_usd),
                _range(roi.cost_usd) + mark,
                _range(roi.net_usd) + mark,
                f"{ratio.value:.3g} [{ratio.low:.3g}, {ratio.high:.3g}]{mark}" if ratio else "",
                f"{back.value:.2g} [{back.low:.2g}, {back.high:.2g}]{mark}" if back else "",
            ]
        )
    return rows


def _why(statement: Statement) -> tuple[str, ...]:
    """Why a figure is not there, each reason once with those it holds for."""
    missing: dict[str, list[str]] = {}
    for place, reason in statement.absent.items():
        name, _, field = place.rpartition(".")
        missing.setdefault(f"No {field.removesuffix('_usd').replace('_', ' ')}: {reason}", []).append(name)
    return tuple(f"{reason} ({', '.join(names)})." for reason, names in missing.items() if "decision_map" not in names)


def _tornado(statement: Statement) -> Cells:
    assert statement.tornado is not None
    rows = [["factor", "from", "net", "to", "net", ""]]
    for bar in statement.tornado.swings:
        rows.append([bar.factor, bar.low, money(bar.net_low), bar.high, money(bar.net_high), "*" if bar.flips else ""])
    return rows


def _map(statement: Statement) -> Cells:
    drawn, letters = statement.decision_map, _letters(statement)
    rows = [["churn", *(count(volume) for volume in drawn.questions_per_month)]]
    for churn, cells in zip(drawn.churn_per_month, drawn.cells, strict=True):
        rows.append([percent(churn), *(_winner(cell, letters) for cell in cells)])
    return rows


def _letters(statement: Statement) -> dict[str, str]:
    """A letter for each that wins a cell, in the order of the configurations."""
    winners = {cell.best for row in statement.decision_map.cells for cell in row}
    return dict(
        zip((line.id for line in statement.configurations if line.id in winners), ascii_uppercase, strict=False)
    )


def _winner(cell: MapCell, letters: dict[str, str]) -> str:
    again = (("t", cell.retrain_months), ("i", cell.reindex_months))
    cadence = "".join(f" {what}{months:g}" for what, months in again if months is not None)
    text = letters[cell.best] + ("" if cell.shown else "?") + cadence
    return f"({text})" if cell.over_status_quo_usd < 0 else text


def _map_notes(statement: Statement) -> tuple[str, ...]:
    letters = ", ".join(f"{letter} is {name}" for name, letter in _letters(statement).items())
    note = (
        f"Rows are shares of facts that change in a month, columns questions a month; {letters}. The letter is who is "
        "worth most over the horizon; a question mark "
        "says that it is not shown to be ahead of the second, brackets that it is worth less than "
        f"{statement.scenario.status_quo}. t6 retrains and i1 re-indexes every 6 and 1 months, the "
        "best of never, 12, 6, 3 and 1."
    )
    reason = statement.absent.get("decision_map.churn_per_month")
    return (note, f"One row only: staleness was not measured, as {reason}.") if reason else (note,)
