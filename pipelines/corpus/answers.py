"""Answers as published sets write them in a query's metadata or an answer column."""

import re
from collections.abc import Mapping
from math import isnan
from typing import Any

# Labels and computed values stand in no passage; where they seem to, it is by chance.
LABELS = frozenset({"yes", "no", "maybe", "true", "false"})
_COMPUTED = frozenset({"arithmetic", "count"})
_NUMBER = re.compile(r"[\s(+\-−$€£¥]*\d[\d,]*(?:\.\d+)?[\s)%]*")


def accepted_answers(metadata: Mapping[str, Any], require_scale: bool) -> tuple[str, ...]:
    """Every accepted form, the preferred one first. Raises ``ValueError`` on a value that is no answer.

    With ``require_scale`` a number passes only with its scale (``-12.6 million``, ``22%``); otherwise the bare number
    is accepted too.
    """
    given = _given(metadata)
    scale = str(metadata.get("scale") or "")
    scaled = [_with_scale(answer, scale) for answer in given]
    forms = scaled if require_scale else [*scaled, *given]
    if metadata.get("answer_type") == "multi-span" and given:
        forms = [", ".join(scaled)] if require_scale else [", ".join(scaled), ", ".join(given)]
    for name in ("answer_aliases", "aliases"):
        forms += texts(metadata.get(name))
    return tuple(dict.fromkeys(forms))


def strings_to_find(metadata: Mapping[str, Any]) -> list[str]:
    """What to look for in a judged document to find the supporting passage: the answers as they stand there, then the
    answers of the earlier steps of a multi-hop question."""
    steps = metadata.get("decomposition") or []
    answers = [] if metadata.get("answer_type") in _COMPUTED else _given(metadata)
    answers += [text for step in steps if isinstance(step, dict) for text in texts(step.get("answer"))]
    return [answer for answer in answers if answer.lower() not in LABELS]


def texts(value: Any) -> list[str]:
    """A string, a number, a truth value (yes or no), a list of them, or SQuAD's ``{"text": [...]}`` as a list of
    strings. Empty strings, None and NaN are no answers. Raises ``ValueError`` on anything else."""
    if value is None:
        return []
    if isinstance(value, str):
        return [value.strip()] if value.strip() else []
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    if isinstance(value, int | float):
        if isinstance(value, float) and isnan(value):  # how a table reader writes an empty cell
            return []
        return [str(int(value)) if float(value).is_integer() else repr(value)]
    if isinstance(value, list | tuple):
        return [text for item in value for text in texts(item)]
    if isinstance(value, dict) and "text" in value:
        return texts(value["text"])
    raise ValueError(f"must be text, a number or a list of them, not {type(value).__name__}")


def _given(metadata: Mapping[str, Any]) -> list[str]:
    return texts(metadata["answers"] if metadata.get("answers") is not None else metadata.get("answer"))


def _with_scale(answer: str, scale: str) -> str:
    if not scale or not _NUMBER.fullmatch(answer):
        return answer
    if scale == "percent":
        return answer if answer.rstrip().endswith("%") else f"{answer}%"
    return f"{answer} {scale}"
