"""Answers on the way to an answer: which of them say something, and how they are read as passages."""

from pipelines.generation.prompts import UNKNOWN
from pipelines.records import Answer, Chunk, Question


def says_something(answer: Answer) -> bool:
    """Whether an answer is neither empty nor the refusal that prompts ask for, but for case and a full stop."""
    return answer.text.strip().rstrip(".").casefold() not in ("", UNKNOWN)


def passage(question: Question, answer: Answer, number: int = 0) -> Chunk:
    """The answer as a passage of no document, behind its question: "96 m" alone would say nothing."""
    text = f"{question.text.strip()} {answer.text.strip()}"
    return Chunk(f"answer:{question.id}:{number}", "", 0, 0, text, text)
