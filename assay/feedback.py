"""People's feedback: shown in a terminal or a notebook, or given in MLflow's interface on traces.

All of it ends in a JSON Lines file that ``feedback: {kind: file, path: ...}`` reads, so that a run depends on what
stands in a file and can be done again.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from pipelines.corpus.rows import exists, read_jsonl
from pipelines.corpus.validation import Problem, parse_row, raise_problems
from pipelines.finetuning.preference.feedback.records import Feedback, append_feedback, read_feedback

HELP = "[best worst] as two numbers, [number] best alone, [s]kip, [q]uit"
MOST_MINUTES = 5.0
"""Longest time that one decision counts with: a reviewer who walks away is not at work."""


class Answered(BaseModel):
    """A question and the answers to choose from: one line of the file that ``assay feedback sample`` writes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str = Field(min_length=1)
    question_id: str = ""
    answers: tuple[str, ...] = Field(min_length=2)


def read_answers(path: Path) -> list[Answered]:
    """The questions of a file with their answers. Raises ``UserError`` listing all rows that are none."""
    problems: list[Problem] = []
    if not exists(path, "answers", problems):
        raise_problems(problems)
    found = [parse_row(Answered, row, place, problems) for place, row in read_jsonl(path, problems)]
    raise_problems(problems)
    return [one for one in found if one is not None]


def write_answers(rows: Iterable[Answered], path: Path) -> None:
    """Write a file that ``read_answers`` reads."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(row.model_dump(), ensure_ascii=False) + "\n" for row in rows)
    path.write_text(lines, encoding="utf-8")


def review(
    answers: Path | Sequence[Answered],
    out: Path,
    *,
    by: str = "",
    show: Callable[[str], Any] = print,
    read: Callable[[str], str] = input,
    clock: Callable[[], float] = monotonic,
) -> int:
    """Show each question with its answers and write what the reviewer types to ``out``, in a terminal or a notebook.

    ``2 1`` prefers the second answer to the first, ``2`` alone prefers it to each other one. Every verdict is on the
    disk before the next question is shown, with the minutes it took; questions that stand in ``out`` already are left
    out, so a review goes on where it stopped. Returns how many questions were decided.
    """
    rows = read_answers(answers) if isinstance(answers, Path) else answers
    done = {row.question for row in read_feedback(out)} if out.exists() and out.stat().st_size else set[str]()
    open_rows = [row for row in rows if row.question not in done]
    decided = 0
    for number, row in enumerate(open_rows, 1):
        show(f"\n{number} of {len(open_rows)}: {row.question}")
        for place, answer in enumerate(row.answers, 1):
            show(f"  {place}  {answer}")
        started = clock()
        try:
            chosen = _chosen(row.answers, show, read)
        except EOFError:
            break
        if chosen is None:
            break
        minutes = min((clock() - started) / 60, MOST_MINUTES)
        verdicts = [
            Feedback(
                question=row.question,
                question_id=row.question_id,
                preferred=better,
                rejected=worse,
                who="human",
                by=by,
                minutes=round(minutes / len(chosen), 4),
            )
            for better, worse in chosen
        ]
        append_feedback(out, verdicts)
        decided += bool(verdicts)
    return decided


def _chosen(
    answers: Sequence[str], show: Callable[[str], Any], read: Callable[[str], str]
) -> list[tuple[str, str]] | None:
    """Pairs of better and worse; empty where the question is skipped, ``None`` to stop."""
    while True:
        typed = read(f"{HELP}: ").split()
        if typed and typed[0].casefold() in ("s", "q"):
            return [] if typed[0].casefold() == "s" else None
        places = [int(one) - 1 for one in typed if one.isdecimal()]
        within = all(0 <= place < len(answers) for place in places)
        if len(places) == len(typed) and within and len(set(places)) == len(places) and 1 <= len(places) <= 2:
            best, *worst = places
            others = worst or [place for place in range(len(answers)) if place != best]
            return [(answers[best], answers[place]) for place in others]
        show(f"type {HELP}, with numbers from 1 to {len(answers)}")
