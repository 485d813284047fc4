"""Prompts of techniques that ask a language model: text files beside the technique, which a user can replace.

A config holds the prompt's text itself, so an edited prompt is another configuration with results of its own.
"""

import re
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def _read(value: Any, info: ValidationInfo) -> Any:
    if not isinstance(value, str) or "\n" in value or not value.endswith(".txt"):
        return value
    path = Path((info.context or {}).get("folder", "."), value)
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PydanticCustomError("prompt_file", "no readable prompt file {path}", {"path": str(path)}) from error


PromptText = Annotated[str, BeforeValidator(_read)]
"""A prompt with ``{placeholders}``; a value that ends in .txt names a file, relative to the experiment's."""


def prompt_field(package: str, name: str, placeholders: str) -> Any:
    """A config field whose default is ``prompts/<name>.txt`` inside ``package``. ``placeholders`` are listed in its
    description, as in ``{question}, {passage}``."""
    return Field(
        default_factory=lambda: files(package).joinpath("prompts", f"{name}.txt").read_text(encoding="utf-8"),
        description=f"the prompt with {placeholders}: a text, or the path of a .txt file",
    )


def fill(prompt: str, **values: str) -> str:
    """The prompt with its placeholders replaced in one pass, so that braces inside a value stay what they are."""
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), prompt)
