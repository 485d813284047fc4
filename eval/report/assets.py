"""The page's own styles and script, joined from their files, and the policy that lets only these run."""

import base64
import hashlib
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent
STYLES: Final = ("tokens", "page", "grid", "verdict", "charts", "table", "losses", "money", "print")
SCRIPTS: Final = (
    "dom",
    "numbers",
    "scale",
    "axis",
    "labels",
    "mark",
    "scatter",
    "forest",
    "tracks",
    "small_sample",
    "spending",
    "cost_over_time",
    "break_even",
    "staleness",
    "reckoning",
    "what_if",
    "scenario",
    "tornado",
    "decision_map",
    "stale_chart",
    "answers",
    "showcase",
    "browse",
    "losses",
    "detail",
    "copy",
    "main",
)


def stylesheet() -> str:
    """All styles in their order."""
    return "\n".join((_FOLDER / "css" / f"{name}.css").read_text(encoding="utf-8") for name in STYLES)


def script() -> str:
    """All scripts in their order, inside one function so that nothing becomes global."""
    parts = [(_FOLDER / "js" / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS]
    return '(() => {\n"use strict";\n' + "\n".join(parts) + "\n})();\n"


def content_policy(style: str, code: str) -> str:
    """A Content-Security-Policy: this script and this style by their hashes, nothing else, and no connection."""
    return (
        f"default-src 'none'; script-src {_hash(code)}; style-src {_hash(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode()}'"
