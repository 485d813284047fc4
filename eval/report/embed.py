"""Data for the page's script, as JSON that cannot leave its ``<script type="application/json">`` element."""

import json
from typing import Any

from markupsafe import Markup

_UNSAFE = str.maketrans(
    {
        "<": "\\u003c",
        ">": "\\u003e",
        "&": "\\u0026",
        "\N{LINE SEPARATOR}": "\\u2028",
        "\N{PARAGRAPH SEPARATOR}": "\\u2029",
    }
)


def embedded_json(data: Any) -> Markup:
    """``data`` as JSON without one character that HTML could take for markup. Raises ``ValueError`` on NaN."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.translate(_UNSAFE))  # noqa: S704 - every markup character is escaped in the line above
