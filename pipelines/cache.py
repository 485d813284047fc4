"""Where prepared models, the parsed built-in dataset and Chroma's graphs are kept between runs."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """``ASSAY_CACHE``, or ``assay`` in the user's cache folder (``XDG_CACHE_HOME``, ``~/.cache``)."""
    if named := os.environ.get("ASSAY_CACHE"):
        return Path(named).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "assay"
