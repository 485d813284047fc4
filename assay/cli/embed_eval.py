"""``assay embed-eval``."""

from pathlib import Path
from typing import Annotated

import typer

from assay.cli import app, command, console

Files = list[Path] | None


@command(app, "embed-eval")
def embed_eval(
    embedder: Annotated[str, typer.Argument(help="a kind, a mapping like '{kind: moee, name: ...}', or a YAML file")],
    sts: Annotated[Files, typer.Option(help="CSV of sentence, sentence, similarity 0-5")] = None,
    retrieval: Annotated[Files, typer.Option(help="BEIR folder")] = None,
    reranking: Annotated[Files, typer.Option(help="BEIR folder, whose questions' first 100 by BM25 are ranked")] = None,
    clustering: Annotated[Files, typer.Option(help="JSON Lines of text and label")] = None,
    classification: Annotated[Files, typer.Option(help="folder with train.jsonl and test.jsonl of text, label")] = None,
) -> None:
    """Score an embedder with mteb's own evaluators on files of this machine."""
    from assay.embed_eval import Tasks, evaluate_embedder, parse_embedder, score_table
    from assay.tables import terminal_table

    config = parse_embedder(embedder)
    tasks = Tasks(sts or (), retrieval or (), reranking or (), clustering or (), classification or ())
    console().print(terminal_table(score_table(embedder, evaluate_embedder(config, tasks))))
