"""What one contestant hands back, and the clock it is measured with."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import BaseModel, ConfigDict

PARTS = ("index", "tune", "answer", "probe", "log")
"""Timed inside the contestant; what is left of its wall time is start, imports and loading."""
EXTRA = "extra"
"""What Assay does beyond the work of the others."""


class Measured(BaseModel):
    """``parts`` are seconds by name; ``total`` is the process's wall time, set by who started it. ``scores`` are mean
    F1 and exact match by configuration id. ``prompts`` names the prompt of every configuration where one was chosen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    parts: dict[str, float]
    scores: dict[str, tuple[float, float]]
    prompts: dict[str, str] = {}
    machine: str = ""
    total: float = 0.0

    @property
    def start(self) -> float:
        """Seconds for starting Python, importing libraries and loading models, and all that has no part of its own."""
        return self.total - sum(self.parts.values())

    @property
    def shared(self) -> float:
        """Seconds of the work that all contestants do."""
        return self.total - self.parts.get(EXTRA, 0.0)

    @property
    def without_probe(self) -> float:
        """The same, less the latency probe."""
        return self.shared - self.parts["probe"]


class Clock:
    """Adds up wall seconds by part and says on standard error what is done."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.parts = dict.fromkeys(PARTS, 0.0)

    @contextmanager
    def part(self, part: str, label: str = "") -> Iterator[None]:
        """Time the block."""
        started = time.perf_counter()
        yield
        seconds = time.perf_counter() - started
        self.parts[part] += seconds
        print(f"  {self.name}: {' '.join([part, label]).strip()} {seconds:.1f} s", file=sys.stderr, flush=True)
