"""The report of one experiment: a self-contained HTML page, and the table printed when a run ends."""

from eval.report.render import render
from eval.report.terminal import terminal_table

__all__ = ["render", "terminal_table"]
