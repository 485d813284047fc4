"""The terminal loop of ``assay data review``."""

from collections.abc import Callable
from typing import Any

from assay.review import Review
from pipelines.errors import UserError

KEYS = "[a]ccept  [e]dit  [r]eject  [s]kip  [u]ndo  [q]uit"


def review_in_terminal(review: Review, console: Any, read: Callable[[str], str] = input) -> None:
    """Show open questions one after the other and do what the reviewer types, until none is open, ``q`` or the end of
    the input. Every decision is on the disk before the next question is shown."""
    try:
        while (card := review.show()) is not None:
            console.print(card)
            _step(review, console, read)
    except EOFError:
        pass
    except _Quit:
        pass


class _Quit(Exception):  # noqa: N818 - no error
    pass


def _step(review: Review, console: Any, read: Callable[[str], str]) -> None:
    """One decision, or the same question again where it could not be taken."""
    key = read(f"{KEYS}: ").strip().casefold()[:1]
    try:
        if key == "a":
            review.accept()
        elif key == "e":
            _edit(review, read)
        elif key == "r":
            review.reject(read("why (may stay empty): "))
        elif key == "s":
            review.skip()
        elif key == "u":
            console.print("open again" if review.undo() else "nothing to undo")
        elif key == "q":
            raise _Quit
        else:
            console.print(f"{key!r} is none of {KEYS}", markup=False)
    except UserError as error:
        console.print(str(error), markup=False, soft_wrap=True)


def _edit(review: Review, read: Callable[[str], str]) -> None:
    question = read("question (empty keeps it): ").strip() or None
    answer = read("answer (empty keeps it): ").strip() or None
    try:
        review.edit(question, answer)
    except UserError as error:
        if "does not stand in the passage" not in str(error):
            raise
        if read(f"{error}; keep it all the same? [y/N]: ").strip().casefold()[:1] != "y":
            return
        review.edit(question, answer, elsewhere=True)
