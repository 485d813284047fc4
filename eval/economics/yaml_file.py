"""YAML that people write about money, read with the line of every mistake."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from pipelines.errors import UserError
from pipelines.registry import nearest

Location = tuple[int | str, ...]


def read_yaml(path: Path, what: str) -> tuple[Any, yaml.Node | None]:
    """The data of a file and its node tree. Raises ``UserError`` naming file and line for what cannot be read, and for
    a key that stands twice, for YAML lets the later one replace the earlier in silence."""
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        _refuse_repeated_keys(root, path)
        return yaml.safe_load(text), root
    except OSError as error:
        raise UserError(f"{path}: cannot read the {what}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: cannot read the {what}: not UTF-8 at byte {error.start}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise UserError(f"{path}{line}: not valid YAML: {getattr(error, 'problem', None) or error}") from error


def explain(error: ValidationError, root: yaml.Node | None, path: Path, fields: Iterable[str] = ()) -> str:
    """One line for the first problem: file, line, key, what is wrong. ``fields`` are the names allowed where an unknown
    key was found."""
    # A mistyped key is also a missing one; what the user typed is what to show.
    first = min(error.errors(), key=lambda one: one["type"] not in ("extra_forbidden", "unknown_field"))
    key = ".".join(map(str, first["loc"])) or "the file"
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        problem = f"unknown key {key}; {nearest(first['loc'][-1], fields)}"
    elif first["type"] == "missing":
        problem = f"{key} is missing; add it"
    elif first["type"] in ("value_error", "unknown_field"):
        problem = message if key == "the file" else f"{key}: {message}"
    else:
        problem = f"{key}: {message[0].lower()}{message[1:]}, not {first['input']!r}"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{path}:{_line(root, first['loc'])}: {problem}{more}"


def first_location(error: ValidationError) -> Location:
    """Where the problem that ``explain`` shows was found."""
    return min(error.errors(), key=lambda one: one["type"] not in ("extra_forbidden", "unknown_field"))["loc"]


def _refuse_repeated_keys(node: yaml.Node | None, path: Path) -> None:
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        if key.value in seen:
            raise UserError(f"{path}:{key.start_mark.line + 1}: key {key.value!r} stands twice; keep one")
        seen.add(key.value)
        _refuse_repeated_keys(value, path)


def _line(node: yaml.Node | None, location: Location) -> int:
    """Line of the deepest key of ``location`` that the file has."""
    line = 1
    for step in location:
        found = (
            [pair for pair in node.value if pair[0].value == str(step)] if isinstance(node, yaml.MappingNode) else []
        )
        if not found:
            break
        line, node = found[0][0].start_mark.line + 1, found[0][1]
    return line
