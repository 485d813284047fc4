"""What several partial answers to one question come to."""

from collections.abc import Sequence

from pipelines.generation.answering.partial import passage, says_something
from pipelines.records import Answer, Chunk, Question


def settled(partial: Sequence[Answer]) -> Answer | None:
    """The answer, where the partial ones need no further request: the first failed one; or the first that says
    something, where all that do say the same but for case and spaces; or the first, where none does."""
    failed = next((answer for answer in partial if answer.error), None)
    if failed:
        return failed
    telling = [answer for answer in partial if says_something(answer)]
    distinct = {" ".join(answer.text.casefold().split()) for answer in telling}
    return (telling or list(partial))[0] if len(distinct) < 2 else None


def merged(question: Question, partial: Sequence[Answer]) -> tuple[Chunk, ...]:
    """The partial answers that say something as passages, in order; equal ones stay, as their number tells."""
    return tuple(passage(question, answer, number) for number, answer in enumerate(partial) if says_something(answer))
