"""The comparison as Markdown: seconds by part, how many times as fast Assay is, and what everyone scored."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median

from .measured import EXTRA, Measured

Rounds = Mapping[str, Sequence[Measured]]
"""What each contestant measured, one entry a round; the contestant ``assay`` is always there."""
NAMES = {"assay": "Assay", "plain": "plain", "plain_bf16": "plain, bf16", "matched": "matched"}
ROWS: tuple[tuple[str, Callable[[Measured], float]], ...] = (
    ("start, imports, loading, rest", lambda one: one.start),
    ("index", lambda one: one.parts["index"]),
    ("tune", lambda one: one.parts["tune"]),
    ("answer the test questions", lambda one: one.parts["answer"]),
    ("latency probe", lambda one: one.parts["probe"]),
    ("MLflow", lambda one: one.parts["log"]),
    ("Assay alone: choices on dev, statistics, forgetting, changed facts", lambda one: one.parts.get(EXTRA, 0.0)),
    ("**everything**", lambda one: one.total),
)
RATIOS: tuple[tuple[str, Callable[[Measured], float]], ...] = (
    ("everything", lambda one: one.total),
    ("the shared work", lambda one: one.shared),
    ("the shared work without the probe", lambda one: one.without_probe),
)
MARKERS = ("<!-- plain-stack:start -->", "<!-- plain-stack:end -->")


def ratio(rounds: Rounds, other: str, seconds: Callable[[Measured], float]) -> float:
    """How many times as long ``other`` takes as Assay: the median over rounds, each round against its own."""
    pairs = zip(rounds["assay"], rounds[other], strict=True)
    return median(seconds(theirs) / seconds(ours) for ours, theirs in pairs)


def page(rounds: Rounds, sizes: str) -> str:
    """Both tables and what was run."""
    return "\n".join([sizes, "", *_seconds(rounds), "", *_ratios(rounds), "", *_scores(rounds)])


def written(document: str, text: str) -> str:
    """``document`` with ``text`` between the markers. Raises ``ValueError`` where they are missing."""
    before, start, rest = document.partition(MARKERS[0])
    _, end, after = rest.partition(MARKERS[1])
    if not start or not end:
        raise ValueError(f"the page lacks the markers {MARKERS[0]} and {MARKERS[1]}")
    return f"{before}{start}\n{text}\n{end}{after}"


def _header(first: str, names: Sequence[str]) -> list[str]:
    return [f"| {first} | " + " | ".join(NAMES[name] for name in names) + " |", "|---" + "|---:" * len(names) + "|"]


def _seconds(rounds: Rounds) -> list[str]:
    lines = _header("seconds, median of rounds", list(rounds))
    for label, seconds in ROWS:
        cells = [f"{median(map(seconds, measured)):.1f}" for measured in rounds.values()]
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    if len(rounds["assay"]) > 1:
        spans = [f"{min(m.total for m in ms):.1f} to {max(m.total for m in ms):.1f}" for ms in rounds.values()]
        lines.append("| everything, fastest to slowest round | " + " | ".join(spans) + " |")
    return lines


def _ratios(rounds: Rounds) -> list[str]:
    lines = _header("times as long as Assay", list(rounds))
    for label, seconds in RATIOS:
        cells = [f"{ratio(rounds, name, seconds):.2f}" for name in rounds]
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return lines


def _scores(rounds: Rounds) -> list[str]:
    firsts = {name: measured[0].scores for name, measured in rounds.items()}
    lines = _header("F1 / exact match of the first round", list(rounds))
    for configuration in firsts["assay"]:
        cells = [f"{scores[configuration][0]:.3f} / {scores[configuration][1]:.3f}" for scores in firsts.values()]
        lines.append(f"| {configuration} | " + " | ".join(cells) + " |")
    return lines
