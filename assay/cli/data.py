"""``assay data``: datasets listed, shown and checked."""

from pathlib import Path
from typing import Annotated

import typer

from assay.cli import app, command, console

group = typer.Typer(help="List, show, check and export datasets.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(group, name="data")

Source = Annotated[str, typer.Argument(help="a dataset kind without options, or an experiment file that names one")]


@command(group, "list")
def list_datasets() -> None:
    """The kinds of datasets and what they read."""
    from assay.cli.kinds import kinds

    kinds("dataset")


@command(group, "show")
def show(source: Source, questions: Annotated[int, typer.Option(help="how many questions to print")] = 5) -> None:
    """Counts, tracks and a few questions of a dataset."""
    from assay.datasets import load_dataset, summary

    console().print(summary(load_dataset(source), questions))


@command(group, "check")
def check(source: Source) -> None:
    """Read a whole dataset; every problem is listed with file, line and field. Leaks of train into test as well."""
    from assay.datasets import load_dataset
    from eval.leakage import check_leakage

    dataset = load_dataset(source)
    check_leakage(dataset.split("train"), dataset.split("dev") + dataset.split("test"))
    typer.echo(
        f"{dataset.name}: {len(dataset.documents)} documents and {len(dataset.questions)} questions are in order"
    )


@command(group, "export")
def export(folder: Annotated[Path, typer.Argument(help="an empty folder")]) -> None:
    """Write the built-in dataset's files and questions to a folder, to look at or to start your own from."""
    from pipelines.corpus.builtin import BuiltinDataset
    from pipelines.corpus.builtin import export as write

    write(BuiltinDataset(), folder)
    typer.echo(f"written to {folder}")
