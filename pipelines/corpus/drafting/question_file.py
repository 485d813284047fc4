"""Writing a question file in one step."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write the rows as JSON Lines. A killed process leaves the old file or the new one, never half of it."""
    part = path.with_name(f".{path.name}.part")
    part.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    os.replace(part, path)  # noqa: PTH105 - over a file that is there, on every system
