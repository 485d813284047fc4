"""Progress on the terminal, and the seconds each part of a run took. Where the output is a file or a pipe, a line for
each part takes the place of the bars."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

REST = "everything else"


class Progress:
    """Bars with ETA while a run works. ``timings`` holds seconds by step, in order of first use; a step inside another
    counts for itself alone."""

    _SHORT = 1.0
    """Seconds of a part that is not worth a line."""
    _MANY = 20
    """Things to do whose start is worth a line where no bar can be shown: silence looks like a hang."""

    def __init__(self, console: Console | None = None) -> None:
        """Without a console nothing is printed."""
        self.timings: dict[str, float] = {}
        self._inner: list[float] = []
        self._started = perf_counter()
        self._lines = console if console is not None and not console.is_terminal else None
        self._bars = Bars(
            TextColumn("{task.description:<28}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console or Console(quiet=True),
            disable=console is None or self._lines is not None,
            transient=True,
        )

    @contextmanager
    def shown(self) -> Iterator["Progress"]:
        """Show the bars while the block runs."""
        with self._bars:
            yield self

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step that has no bar of its own, and show that it is at work."""
        task = self._bars.add_task(name, total=None, note="")
        try:
            with self.timed(name):
                yield
        finally:
            self._bars.remove_task(task)

    @contextmanager
    def counted(self, name: str, total: int, timing: str = "") -> Iterator[Callable[[int], None]]:
        """A bar over ``total`` things; the block is given a function that advances it."""
        task = self._bars.add_task(name, total=total, note="")
        if self._lines is not None and total >= self._MANY:
            self._lines.print(f"{name}: {total:,} to do", highlight=False)
        try:
            with self.timed(timing or name):
                yield lambda done: self._bars.update(task, advance=done)
        finally:
            self._bars.remove_task(task)

    @contextmanager
    def training(self, name: str) -> Iterator[Callable[[int, int, float], None]]:
        """A bar over optimiser steps with the loss."""
        task = self._bars.add_task(name, total=None, note="")
        try:
            with self.timed("tuning"):
                yield lambda step, steps, loss: self._bars.update(
                    task, completed=step, total=steps, note=f"loss {loss:.3f}"
                )
        finally:
            self._bars.remove_task(task)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Add the block's seconds, less those of timed blocks inside it, to ``timings[name]``."""
        started = perf_counter()
        self._inner.append(0.0)
        try:
            yield
        finally:
            seconds = perf_counter() - started
            inside = self._inner.pop()
            if self._inner:
                self._inner[-1] += seconds
            self.timings[name] = self.timings.get(name, 0.0) + seconds - inside
            if self._lines is not None and seconds - inside >= self._SHORT:
                self._lines.print(f"{name}: {seconds - inside:.0f} s", highlight=False)

    def so_far(self) -> dict[str, float]:
        """``timings`` rounded to hundredths, with what no step named as ``REST``."""
        rest = perf_counter() - self._started - sum(self.timings.values())
        return {name: round(seconds, 2) for name, seconds in {**self.timings, REST: rest}.items()}
