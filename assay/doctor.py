"""What this machine has and what a run would use."""

import shutil
from importlib.util import find_spec
from pathlib import Path

from rich.table import Table

from assay.environment import describe_environment
from assay.models import installed
from pipelines.cache import cache_folder
from pipelines.generation.weights import choose_device, choose_dtype


def examine() -> Table:
    """A table of facts and what follows from each."""
    environment = describe_environment()
    device = choose_device()
    table = Table("what", "found", "what follows")
    table.add_row("Python", environment.python, "")
    table.add_row("processor", environment.cpu, f"{environment.threads} threads")
    table.add_row("GPU", environment.gpu or "none", f"models run on {device}")
    table.add_row("number format", choose_dtype(device), "bfloat16 where the hardware multiplies it, else float32")
    quantised = device == "cuda" and find_spec("bitsandbytes") is not None
    table.add_row("4-bit and 8-bit", "yes" if quantised else "no", "needs CUDA and the package bitsandbytes")
    for name, place in installed().items():
        missing = place.startswith("missing")
        table.add_row(name, "missing" if missing else "installed", "run: assay models install" if missing else "")
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    table.add_row("disk", f"{free:.0f} GiB free here", "a quickstart takes about 1 GiB" if free < 2 else "")
    table.add_row(
        "cache",
        str(cache_folder()),
        "prepared models, the parsed built-in dataset, Chroma's graphs; ASSAY_CACHE moves it",
    )
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    table.add_row("browser", browser or "none", "" if browser else "the browser tests will be skipped")
    for name, version in environment.packages.items():
        table.add_row(name, version, "")
    return table
