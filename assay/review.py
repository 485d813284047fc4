"""A person's review of drafted questions: accept, edit, reject, with the time it took.

    from assay.review import open_review

    review = open_review("questions.jsonl")
    review.show()                        # the next question, with its passage
    review.accept()                      # or review.edit(answer="12 kg"), review.reject("not in our words")
    print(review.summary())

The question file always holds what an experiment may read: rejected questions leave it at once, edits replace what was
drafted. The log beside it holds every decision with the question as drafted, so a review goes on where it stopped.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Literal

from assay.review_card import Card
from eval.leakage import find_leaks
from pipelines.corpus.drafting.question_file import write_rows
from pipelines.corpus.drafting.reviews import Decision, append, latest, log_of, minutes, read_decisions
from pipelines.corpus.passages import find_answer
from pipelines.corpus.rows import read_jsonl
from pipelines.corpus.validation import Problem, raise_problems
from pipelines.errors import UserError
from pipelines.records import Question, Split

LONGEST_PAUSE = 300.0
"""Seconds counted for one question at most; whoever takes longer has left the desk."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Progress:
    """How far a review is. ``accepted`` counts edited questions too, ``minutes`` all work so far."""

    accepted: int
    edited: int
    rejected: int
    open: int
    minutes: float
    minutes_on_train: float

    @property
    def acceptance(self) -> float | None:
        """Share of the decided questions that stay; ``None`` before the first decision."""
        decided = self.accepted + self.rejected
        return self.accepted / decided if decided else None

    def __str__(self) -> str:
        rate = "" if self.acceptance is None else f" ({self.acceptance:.0%} of those decided)"
        return (
            f"accepted {self.accepted}{rate}, {self.edited} of them edited; rejected {self.rejected}; "
            f"open {self.open}; {self.minutes:.1f} minutes, {self.minutes_on_train:.1f} of them on train questions"
        )


class Review:
    """A question file under review. Files are read again for every step, so two windows do not undo each other."""

    def __init__(self, questions: Path, split: Split | None = None, clock: Callable[[], float] = monotonic) -> None:
        """``split`` limits the review to its questions. Raises ``UserError`` for a file that is no question file."""
        if questions.suffix.lower() != ".jsonl" or not questions.is_file():
            raise UserError(f"{questions}: a review needs a question file in JSON Lines (.jsonl); there is none")
        self.path, self.log, self.split, self._clock = questions, log_of(questions), split, clock
        self._shown: tuple[str, float] | None = None
        self._skipped: set[str] = set()
        self._write()  # a killed review may have logged a decision and not yet applied it

    def show(self) -> Card | None:
        """The next open question, and the clock starts; ``None`` where nothing is open."""
        row = self._next()
        if row is None:
            return None
        if self._shown is None or self._shown[0] != row["id"]:
            self._shown = (row["id"], self._clock())
        done = self.summary()
        return Card.of(row, done.accepted + done.rejected + 1, done.accepted + done.rejected + done.open)

    def accept(self) -> None:
        """Keep the question as it is."""
        self._decide("accept")

    def reject(self, reason: str = "") -> None:
        """Take the question out of the file; the log keeps it with the reason."""
        self._decide("reject", reason=" ".join(reason.split()))

    def edit(self, question: str | None = None, answer: str | None = None, *, elsewhere: bool = False) -> None:
        """Keep the question with another wording or answer. Raises ``UserError``, and decides nothing, for an empty
        text, a wording that another split asks already, and an answer that does not stand in the gold passage unless
        ``elsewhere`` says that this is meant."""
        row = self._current()
        given = {name: text for name, text in (("question", question), ("answer", answer)) if text is not None}
        changes = {name: " ".join(text.split()) for name, text in given.items()}
        for name, text in changes.items():
            if not text:
                raise UserError(f"{self.path}: {row['id']}: {name}: is empty; reject the question instead")
        passages = [gold["text"] for gold in row.get("gold", ()) if gold.get("text")]
        stands = [True for passage in passages if find_answer(changes.get("answer", ""), passage) is not None]
        if "answer" in changes and passages and not stands and not elsewhere:
            raise UserError(f"{self.path}: {row['id']}: answer: {changes['answer']!r} does not stand in the passage")
        self._refuse_leak({**row, **changes})
        self._decide("edit", changes=changes)

    def skip(self) -> None:
        """Leave the question open and go on; it comes again in the next review."""
        self._skipped.add(self._current()["id"])
        self._shown = None

    def undo(self) -> str | None:
        """Take the last decision back: the question is open again as drafted. Returns its id, ``None`` if none is."""
        held = latest(decisions := read_decisions(self.log))
        last = next((one for one in reversed(decisions) if held.get(one.id) is one), None)
        if last is None:
            return None
        append(self.log, Decision(id=last.id, decision="undo", seconds=0, row=last.row, changes=last.changes))
        self._write()
        self._shown = None
        return last.id

    def summary(self) -> Progress:
        """Counts and minutes of the whole file, or of the one split."""
        decisions = [one for one in read_decisions(self.log) if self.split in (None, one.row.get("split"))]
        made = [one.decision for one in latest(decisions).values()]
        return Progress(
            accepted=made.count("accept") + made.count("edit"),
            edited=made.count("edit"),
            rejected=made.count("reject"),
            open=len(self._open()),
            minutes=minutes(decisions),
            minutes_on_train=minutes(decisions, "train"),
        )

    def _decide(self, decision: Literal["accept", "edit", "reject"], reason: str = "", **changes: Any) -> None:
        row = self._current()
        seconds = min(self._clock() - self._shown[1], LONGEST_PAUSE) if self._shown else 0.0
        append(self.log, Decision(id=row["id"], decision=decision, seconds=seconds, reason=reason, row=row, **changes))
        self._write()
        self._shown = None

    def _current(self) -> Row:
        row = self._next()
        if row is None:
            raise UserError(f"{self.path}: no question is open")
        return row

    def _next(self) -> Row | None:
        return next((row for row in self._open() if row["id"] not in self._skipped), None)

    def _open(self) -> list[Row]:
        held = latest(read_decisions(self.log))
        return [r for r in self._rows() if r["id"] not in held and self.split in (None, r.get("split"))]

    def _rows(self) -> list[Row]:
        """The file's rows as they stand."""
        problems: list[Problem] = []
        rows = []
        for place, row in read_jsonl(self.path, problems):
            for name in ("id", "question"):
                if not isinstance(row.get(name), str) or not row[name]:
                    problems.append(Problem(*place, name, "must be a text; a review needs one for every question"))
            rows.append(row)
        raise_problems(problems)
        return rows

    def _write(self) -> None:
        """Bring the file to what the log says, in one step. What people changed in the file by hand stays."""
        decisions, before = read_decisions(self.log), self._rows()
        rows = {row["id"]: row for row in before}
        for one in latest(decisions).values():
            if one.decision == "reject":
                rows.pop(one.id, None)
            elif rows.get(one.id) == one.row:
                rows[one.id] = {**one.row, **one.changes}
        last = decisions[-1] if decisions else None
        if last and last.decision == "undo" and rows.get(last.id) in (None, {**last.row, **last.changes}):
            rows[last.id] = last.row
        if list(rows.values()) != before:
            write_rows(self.path, rows.values())

    def _refuse_leak(self, edited: Row) -> None:
        def asked(row: Row) -> Question:
            return Question(row["id"], row["question"], (), row.get("split") or "train")

        others = [row for row in self._rows() if row["id"] != edited["id"]]
        held_out = edited.get("split") in ("dev", "test")
        across = [asked(row) for row in others if (row.get("split") in ("dev", "test")) != held_out]
        for leak in find_leaks(across, [asked(edited)]):
            raise UserError(
                f"{self.path}: {edited['id']}: question: asks what {leak.train_id} asks in another split "
                f"({leak.train_text!r}); word it otherwise or reject it"
            )


def open_review(questions: str | Path, split: Split | None = None) -> Review:
    """The review of a question file, which goes on where it stopped. The twin of ``assay data review``."""
    return Review(Path(questions), split)
