"""A judge that follows rules a reader can check: a statement is supported where the context contains it."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from pipelines.records import Answer, Chunk, Context, Question


def _sentences(text: str) -> list[str]:
    return [part.strip() for part in text.split(".") if part.strip()]


def scripted(prompt: str) -> str:
    """The reply to a prompt of ragas, of its present metrics or of its old ones."""
    given = json.loads(prompt.rpartition("input: ")[2].rpartition("Output:")[0])
    schema = json.loads(re.search(r"JSON Schema:\n(\{.*?\})Do not use", prompt, re.DOTALL)[1])  # type: ignore[index]
    fields = set(schema["properties"])
    reply: dict[str, Any]
    if fields == {"statements"} and "statements" not in given:
        reply = {"statements": _sentences(given["answer"])}
    elif fields == {"statements"}:
        reply = {
            "statements": [
                {"statement": text, "reason": "looked up", "verdict": int(text in given["context"])}
                for text in given["statements"]
            ]
        }
    elif fields == {"claims"}:
        reply = {"claims": _sentences(given["response"])}
    elif fields == {"classifications"}:
        reply = {
            "classifications": [
                {"statement": text, "reason": "looked up", "attributed": int(text in given["context"])}
                for text in _sentences(given["answer"])
            ]
        }
    elif fields == {"question", "noncommittal"}:
        reply = {"question": f"What of {given['response']}?", "noncommittal": int("know" in given["response"])}
    else:
        reply = {"reason": "looked up", "verdict": int(given["answer"] in given["context"])}
    return json.dumps(reply)


def letters(texts: Sequence[str]) -> Any:
    """Vectors of how often each letter occurs."""
    return np.array([[text.lower().count(chr(97 + place)) + 0.1 for place in range(26)] for text in texts])


@pytest.fixture
def scripted_judge() -> Callable[[str], str]:
    return scripted


@pytest.fixture
def embed() -> Callable[[Sequence[str]], Any]:
    return letters


@pytest.fixture
def context() -> Callable[..., Context]:
    def make(*texts: str) -> Context:
        return Context(tuple(Chunk(f"c{n}", "d", 0, len(text), text, text) for n, text in enumerate(texts)))

    return make


@pytest.fixture
def pumps(context: Any) -> Callable[[int], tuple[list[Question], list[Answer], list[Context]]]:
    """Makes questions about pumps that are answered in one sentence, right and with support."""

    def make(count: int) -> tuple[list[Question], list[Answer], list[Context]]:
        fact = "Pump {} is green"
        questions = [Question(f"q{n}", f"What of pump {n}?", (fact.format(n),), "test") for n in range(count)]
        answers = [Answer(fact.format(n) + ".", 10, 5, 0.1) for n in range(count)]
        return questions, answers, [context(f"Old. {fact.format(n)}.", "Valves leak.") for n in range(count)]

    return make
