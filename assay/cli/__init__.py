"""The command line. Every command imports what it needs when it runs, so that ``assay --help`` answers at once."""

import os
from collections.abc import Callable
from functools import wraps
from typing import Any

import typer

PIPE_COLUMNS = 132

app = typer.Typer(
    name="assay",
    help="RAG or fine-tuning? Measure it: accuracy, latency and cost of every configuration, with intervals.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def command(group: typer.Typer, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a command whose user errors are one clear line and exit code 2."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def guarded(*arguments: Any, **options: Any) -> Any:
            from pipelines.errors import UserError

            try:
                return function(*arguments, **options)
            except UserError as error:
                typer.echo(f"assay: {error}", err=True)
                raise typer.Exit(2) from None
            except KeyboardInterrupt:
                typer.echo("assay: interrupted; what is finished is kept, run it again to go on", err=True)
                raise typer.Exit(130) from None
            except PermissionError as error:
                typer.echo(f"assay: {error.filename}: no permission; choose a folder you may write to", err=True)
                raise typer.Exit(2) from None

        group.command(name)(guarded)
        return guarded

    return register


def console() -> Any:
    """A console for tables. A pipe has no width of its own, and rich's 80 columns break the names in them."""
    from rich.console import Console

    made = Console()
    return made if made.is_terminal or "COLUMNS" in os.environ else Console(width=PIPE_COLUMNS)


def main() -> None:
    """Entry point. Libraries that would report home are told not to before any of them is imported."""
    from assay.offline import silence_telemetry

    silence_telemetry(os.environ)
    # They register commands.
    from assay.cli import (  # noqa: F401
        ablate,
        data,
        doctor,
        embed_eval,
        feedback,
        kinds,
        models,
        results,
        retrieve,
        roi,
        rounds,
        run,
        schema,
        serve,
        size,
    )

    app()
