"""Rows of a training file in the four forms people have, each read as one conversation."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

Form = Literal["chat", "prompt_completion", "alpaca", "sharegpt"]
KEYS: dict[Form, tuple[str, ...]] = {
    "chat": ("messages",),
    "sharegpt": ("conversations",),
    "prompt_completion": ("prompt", "completion"),
    "alpaca": ("instruction", "output"),
}
"""The keys a row of each form has to have; others are not read."""

_ROLES = {"human": "user", "gpt": "assistant", "bing": "assistant", "chatgpt": "assistant", "model": "assistant"}


class Conversation(NamedTuple):
    """What a row says: an instruction before everything, earlier (question, answer) turns, and the last of them."""

    instruction: str
    turns: tuple[tuple[str, str], ...]
    question: str
    answer: str


class RowError(ValueError):
    """What is wrong with a row, and in which field."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def form_of(row: Mapping[str, Any]) -> Form | None:
    """The form whose keys a row has; ``None`` where it has those of none."""
    return next((form for form, keys in KEYS.items() if all(key in row for key in keys)), None)


def conversation(row: Mapping[str, Any], form: Form) -> Conversation:
    """A row of a form. Raises ``RowError`` for one that lacks a key, or whose texts are empty or no texts."""
    for key in KEYS[form]:
        if key not in row:
            raise RowError(key, "missing field")
    if form == "chat":
        return _from_messages("messages", row["messages"], "role", "content")
    if form == "sharegpt":
        said = _from_messages("conversations", row["conversations"], "from", "value")
        system = row.get("system")
        return said._replace(instruction=_text("system", system)) if system else said
    if form == "prompt_completion":
        if isinstance(row["prompt"], list):  # both as messages, which TRL takes too
            messages = [*row["prompt"], *_list("completion", row["completion"])]
            return _from_messages("prompt", messages, "role", "content")
        return Conversation("", (), _text("prompt", row["prompt"]), _text("completion", row["completion"]))
    given = _text("instruction", row["instruction"])
    extra = row.get("input") or ""
    if not isinstance(extra, str):
        raise RowError("input", f"must be a text, not {type(extra).__name__}")
    asked = f"{given} {extra.strip()}" if extra.strip() else given
    return Conversation("", (), asked, _text("output", row["output"]))


def _from_messages(field: str, messages: Any, role_key: str, text_key: str) -> Conversation:
    said = [
        _message(f"{field}[{number}]", one, role_key, text_key) for number, one in enumerate(_list(field, messages))
    ]
    instruction = said.pop(0)[1] if said and said[0][0] == "system" else ""
    wanted = ["user", "assistant"] * (len(said) // 2)
    if not said or [role for role, _ in said] != wanted:
        raise RowError(field, "must be turns of user and assistant, one after the other, that end with the assistant")
    turns = tuple((said[place][1], said[place + 1][1]) for place in range(0, len(said), 2))
    return Conversation(instruction, turns[:-1], *turns[-1])


def _message(field: str, message: Any, role_key: str, text_key: str) -> tuple[str, str]:
    if not isinstance(message, Mapping):
        raise RowError(field, f"must be an object with {role_key} and {text_key}, not {type(message).__name__}")
    role = message.get(role_key)
    role = _ROLES.get(role, role) if isinstance(role, str) else role
    if role not in ("system", "user", "assistant"):
        raise RowError(f"{field}.{role_key}", f"must be system, user or assistant, not {role!r}")
    return role, _text(f"{field}.{text_key}", message.get(text_key))


def _list(field: str, value: Any) -> Sequence[Any]:
    if not isinstance(value, list):
        raise RowError(field, f"must be a list of messages, not {type(value).__name__}")
    return value


def _text(field: str, value: Any) -> str:
    if not isinstance(value, str):
        raise RowError(field, f"must be a text, not {type(value).__name__}")
    if not value.strip():
        raise RowError(field, "is empty")
    return value.strip()
