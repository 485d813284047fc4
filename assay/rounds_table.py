"""Rounds of preference tuning as a table, in the terminal and as Markdown."""

from rich.table import Table

from assay.rounds_state import Against, Rounds
from assay.tables import Cells, markdown_table, terminal_table
from eval.numbers import duration, score
from eval.report.wording import between, metric_name, metric_title

HEADERS = ("round", "from", "pairs", "dev", "difference (95 %)", "outside the domain", "spent so far", "decision")
NOTE = (
    "Differences are candidate minus the adapter it would replace, on the same questions. Dev is read in every round, "
    "so its scores are optimistic; test is read once, at the end."
)


def rounds_table(rounds: Rounds) -> Table:
    """The table printed when rounds end."""
    title = f"Rounds of {rounds.configuration}: {metric_name(rounds.metric)}"
    return terminal_table(_cells(rounds), title, f"{NOTE}{sharpness(rounds)} {on_test(rounds)}")


def rounds_markdown(rounds: Rounds) -> str:
    """The same as Markdown."""
    about = f"{metric_title(rounds.metric)}, prompt {rounds.prompt}; a round is kept {_gate(rounds)}."
    table, note = markdown_table(_cells(rounds)), NOTE + sharpness(rounds)
    return "\n".join([f"# Rounds of {rounds.configuration}", "", about, "", table, "", note, "", on_test(rounds), ""])


def sharpness(rounds: Rounds) -> str:
    """What the gate could have seen: a sentence, empty where no round was compared."""
    seen = [one.dev.test.minimum_detectable for one in rounds.rounds if one.dev]
    if not seen:
        return ""
    return f" With these questions dev shows differences of {score(max(seen))} and more; smaller losses can pass."


def on_test(rounds: Rounds) -> str:
    """What test says of the adapter that was kept."""
    if not rounds.kept:
        return "No round was kept: round 0 stands, and test was not asked."
    if rounds.test is None:
        return "Test has not been asked yet."
    found = rounds.test
    times = "" if rounds.tests == 1 else f" Test has been asked {rounds.tests} times, so this is no fresh reading."
    return (
        f"On test ({found.questions} questions) round {rounds.tested} has {score(found.candidate)} and round 0 "
        f"{score(found.current)}: {_difference(found)}, {found.verdict}.{times}"
    )


def _cells(rounds: Rounds) -> Cells:
    rows: list[tuple[str, ...]] = [HEADERS]
    for one in rounds.rounds:
        dev, outside = one.dev, one.forgetting
        seconds = one.spent.get("seconds", 0.0) + one.spent.get("generation_seconds", 0.0)
        spent = duration(seconds) if one.spent else ""
        if minutes := one.spent.get("reviewer_minutes"):
            spent += f", {minutes:.1f} reviewer minutes"
        dev_cells = (score(dev.candidate), f"{_difference(dev)} {dev.verdict}") if dev else ("", "")
        general = f"{_difference(outside)} {outside.verdict}" if outside else "not asked"
        rows.append((str(one.number), str(one.start), str(one.pairs), *dev_cells, general, spent, one.because))
    return rows


def _difference(one: Against) -> str:
    return between(one.test.delta, one.test.low, one.test.high)


def _gate(rounds: Rounds) -> str:
    return "unless it is shown worse" if rounds.gate == "not_worse" else "only where it is shown better"
