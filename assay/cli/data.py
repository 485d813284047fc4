"""``assay data``: datasets listed, shown and checked."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from assay.cli import app, command, console
from assay.cli.run import ExperimentFile, Overrides, Quiet, StoreFolder

group = typer.Typer(help="List, show, check, export and draft datasets.", no_args_is_help=True, rich_markup_mode=None)
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


@command(group, "questions")
def questions(
    folder: Annotated[Path, typer.Argument(help="folder of documents")],
    out: Annotated[Path, typer.Option(help="question file to write")] = Path("questions.jsonl"),
    number: Annotated[int, typer.Option(min=1, help="questions at most")] = 100,
    llm: Annotated[str, typer.Option(help="language model: a kind, or an experiment file that names one")] = "embedded",
    no_llm: Annotated[bool, typer.Option("--no-llm", help="tables and key-value lines alone")] = False,
    prompt: Annotated[str | None, typer.Option(help="a prompt of your own (.txt)")] = None,
    cell_wording: Annotated[str | None, typer.Option(help="as in 'What is the {attribute} of {subject}?'")] = None,
    line_wording: Annotated[str | None, typer.Option(help="the same for a line such as 'key: value'")] = None,
    language: Annotated[str, typer.Option(help="ISO 639-1 code of the documents' language")] = "en",
    seed: Annotated[int, typer.Option(min=0, help="draws passages and splits")] = 0,
    skip_unreadable: Annotated[
        bool, typer.Option("--skip-unreadable", help="leave out files that cannot be read")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="write over a file that is there")] = False,
    store: StoreFolder = Path(".assay/store"),
    quiet: Quiet = False,
) -> None:
    """Draft train, dev and test questions with gold passages from documents, for ``assay data review``."""
    from assay.drafted_table import drafted_table
    from assay.drafting import draft_questions, drafting_config
    from assay.progress import Progress

    terminal = console()
    drafted = draft_questions(
        folder,
        out,
        llm=None if no_llm else llm,
        drafting=drafting_config(number=number, prompt=prompt, cell_wording=cell_wording, line_wording=line_wording),
        language=language,
        seed=seed,
        force=force,
        skip_unreadable=skip_unreadable,
        store=store,
        progress=Progress(None if quiet else terminal),
    )
    terminal.print(
        drafted_table(drafted, folder, None if no_llm else llm, skip_unreadable), highlight=False, soft_wrap=True
    )


@command(group, "review")
def review(
    questions: Annotated[Path, typer.Argument(help="question file (.jsonl), such as assay data questions writes")],
    split: Annotated[Literal["train", "dev", "test"] | None, typer.Option(help="its questions alone")] = None,
) -> None:
    """Accept, edit or reject drafted questions; goes on where it stopped. Minutes are recorded."""
    from assay.cli.reviewing import review_in_terminal
    from assay.review import open_review

    terminal = console()
    opened = open_review(questions, split)
    review_in_terminal(opened, terminal)
    terminal.print(f"{opened.summary()}\nlog: {opened.log}", highlight=False, soft_wrap=True)


@command(group, "card")
def card(
    experiment: ExperimentFile,
    configuration: Annotated[str, typer.Option(help="id of a tuned configuration, as assay plan prints it")],
    overrides: Overrides = None,
    store: StoreFolder = Path(".assay/store"),
    quiet: Quiet = False,
) -> None:
    """What a tuned configuration is tuned on: pairs, texts, tokens, what was left out. Makes the set where needed."""
    from assay.loading import load_experiment
    from assay.training_card import prepare_training_set, training_card

    loaded = load_experiment(experiment, overrides or [])
    terminal = console()
    prepared = prepare_training_set(loaded, configuration, store, None if quiet else terminal)
    terminal.print(training_card(configuration, prepared))
