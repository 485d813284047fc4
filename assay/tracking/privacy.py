"""Nothing private reaches the tracking store: no secret from the environment, no home or working folder of a machine.

Environment variables enter an experiment as ``${NAME}`` alone. This is the second lock: should the value of such a
variable, or of any variable whose name says that it is a secret, have got into a text, its name is written instead.
"""

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

SECRET_NAME = re.compile(r"(?:^|_)(?:API_?KEY|KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)(?:_|$|S$)", re.IGNORECASE)
NAMED = re.compile(r"(?:\$\{|\bapi_key_env['\"]?: ?['\"]?)([A-Za-z_][A-Za-z0-9_]*)")
"""Variables that an experiment names: ``${NAME}``, and ``api_key_env: NAME``."""
# Shorter values ("true", "8080") stand in texts for other reasons.
SHORTEST_SECRET = 8
SHORTEST_NAMED = 4


@dataclass(frozen=True)
class Privacy:
    """What to write instead of what: pairs of text, longest first."""

    replacements: tuple[tuple[str, str], ...]

    def text(self, value: str) -> str:
        """``value`` without secrets and without the folders of this machine."""
        for private, public in self.replacements:
            if private in value:
                value = value.replace(private, public)
        return value

    def parameter(self, value: str) -> str:
        """As ``text``; a path of this machine outside the home and working folder keeps its last part alone."""
        if not value.startswith("/"):
            return self.text(value)
        # With a slash at its end the home folder itself is found as well.
        clean = self.text(f"{value}/").removesuffix("/")
        return f"…/{Path(value).name}" if clean == value and len(Path(value).parts) > 2 and _exists(value) else clean

    def document(self, value: str) -> str:
        """As ``text`` for a whole file; every path of this machine in it as ``parameter``."""
        return re.sub(r"(?<=[\s'\"])/[^\s'\"]+", lambda path: self.parameter(path.group()), self.text(value))

    def mapping(self, values: Mapping[str, str]) -> dict[str, str]:
        """Each value as ``parameter``."""
        return {name: self.parameter(value) for name, value in values.items()}

    def frame(self, table: pd.DataFrame) -> pd.DataFrame:
        """The table with every text, also those inside lists, as ``text``; the table itself where nothing changes."""
        private = tuple(private for private, _ in self.replacements)
        changed: dict[str, pd.Series] = {}
        for column in table.columns:
            if not (pd.api.types.is_object_dtype(table[column]) or pd.api.types.is_string_dtype(table[column])):
                continue
            if any(_mentions(value, private) for value in table[column]):
                changed[column] = table[column].map(self._inside)
        return table.assign(**changed) if changed else table

    def _inside(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        return [self._inside(item) for item in value] if _is_list(value) else value


def privacy(environment: Mapping[str, str], *texts: str, working: Path, home: Path) -> Privacy:
    """What must not be logged, seen from this environment. ``texts`` are searched for ``${NAME}``."""
    mentioned = {name for one in texts for name in NAMED.findall(one)}
    replacements: dict[str, str] = {}
    for name, value in environment.items():
        shortest = SHORTEST_NAMED if name in mentioned else SHORTEST_SECRET
        if (name in mentioned or SECRET_NAME.search(name)) and len(value) >= shortest:
            # The forms a value takes inside JSON, HTML and addresses.
            for form in (value, json.dumps(value)[1:-1], html.escape(value), quote(value, safe="")):
                replacements[form] = f"${{{name}}}"
    for folder, public in ((working, ""), (home, "~/")):
        if len(folder.parts) > 1:
            replacements.setdefault(f"{folder.as_posix()}/", public)
    return Privacy(tuple(sorted(replacements.items(), key=lambda pair: -len(pair[0]))))


def _mentions(value: Any, private: tuple[str, ...]) -> bool:
    if isinstance(value, str):
        return any(text in value for text in private)
    return _is_list(value) and any(_mentions(item, private) for item in value)


def _is_list(value: Any) -> bool:
    return not isinstance(value, str | bytes) and hasattr(value, "__iter__")


def _exists(value: str) -> bool:
    # A prompt may begin with a slash and be longer than any path.
    try:
        return Path(value).exists()
    except (OSError, ValueError):
        return False
