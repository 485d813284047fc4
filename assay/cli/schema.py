"""``assay schema``: JSON Schema of experiment files and of results."""

import json
from typing import Annotated

import typer

from assay.cli import app, command


@command(app, "schema")
def schema(
    what: Annotated[str, typer.Argument(help="experiment or results")] = "experiment",
) -> None:
    """Print JSON Schema for editors (experiment) or for readers of results.json (results)."""
    from assay.schemas import experiment_schema, results_schema
    from pipelines.errors import UserError

    makers = {"experiment": experiment_schema, "results": results_schema}
    if what not in makers:
        raise UserError(f"there is no schema {what!r}; ask for experiment or results")
    typer.echo(json.dumps(makers[what](), indent=2))
