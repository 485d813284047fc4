"""``assay feedback``: answers to compare, and what people say of them."""

from pathlib import Path
from typing import Annotated

import typer

from assay.cli import app, command, console
from assay.cli.run import ExperimentFile, Overrides, Quiet, RunsFolder, StoreFolder

group = typer.Typer(help="Collect people's feedback on answers.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(group, name="feedback")

AnswersFile = Annotated[Path, typer.Argument(help="answers to compare (.jsonl), as assay feedback sample writes them")]
OutFile = Annotated[Path, typer.Option(help="verdicts (.jsonl), for feedback: {kind: file}")]
TrackingUri = Annotated[str, typer.Option(help="MLflow tracking store")]
MlflowExperiment = Annotated[str, typer.Option(help="MLflow experiment that holds the traces")]


@command(group, "sample")
def sample(
    experiment: ExperimentFile,
    configuration: Annotated[str, typer.Option(help="id of a configuration with a preference")],
    out: Annotated[Path, typer.Option(help="file to write")] = Path("answers.jsonl"),
    samples: Annotated[int | None, typer.Option(min=2, help="answers drawn for each question")] = None,
    temperature: Annotated[float | None, typer.Option(help="of the draws")] = None,
    questions: Annotated[int | None, typer.Option(min=1, help="train questions to ask; all where absent")] = None,
    overrides: Overrides = None,
    store: StoreFolder = Path(".assay/store"),
    runs: RunsFolder = Path("runs"),
    quiet: Quiet = False,
) -> None:
    """Draw several answers to training questions from the current adapter, for people to compare."""
    from assay.answers_to_review import answers_to_review
    from assay.feedback import write_answers
    from assay.loading import load_experiment

    loaded = load_experiment(experiment, overrides or [])
    rows = answers_to_review(
        loaded,
        configuration,
        samples=samples,
        temperature=temperature,
        questions=questions,
        store=store,
        runs=runs,
        console=None if quiet else console(),
    )
    write_answers(rows, out)
    typer.echo(f"{out}: {len(rows)} questions with different answers; next: assay feedback review {out}")


@command(group, "review")
def review(
    answers: AnswersFile,
    out: OutFile = Path("feedback.jsonl"),
    by: Annotated[str, typer.Option(help="your name, kept with each verdict")] = "",
) -> None:
    """Say which answer is better; goes on where it stopped. Minutes are recorded."""
    from assay.feedback import review as run
    from pipelines.finetuning.preference.feedback.records import read_feedback

    decided = run(answers, out, by=by, show=typer.echo)
    if not out.exists():
        typer.echo("no verdict")
        return
    every = read_feedback(out)
    minutes = sum(row.minutes for row in every)
    typer.echo(f"{decided} questions decided; {out} holds {len(every)} verdicts, {minutes:.1f} minutes")


@command(group, "send")
def send(
    answers: AnswersFile,
    experiment: MlflowExperiment = "feedback",
    uri: TrackingUri = "sqlite:///runs/mlflow.db",
) -> None:
    """Log each answer as an MLflow trace, to be assessed in MLflow's interface."""
    from assay.feedback import read_answers
    from assay.traces import NAME, send_answers

    count = send_answers(read_answers(answers), experiment, uri)
    typer.echo(f"{count} traces in {experiment!r}; assess them in assay ui: feedback called {NAME!r}, true or false")


@command(group, "fetch")
def fetch(
    out: OutFile = Path("feedback.jsonl"),
    experiment: MlflowExperiment = "feedback",
    uri: TrackingUri = "sqlite:///runs/mlflow.db",
    name: Annotated[str | None, typer.Option(help="assessments of this name alone")] = None,
) -> None:
    """Write the feedback on an experiment's MLflow traces to a file, in place of what it held."""
    from assay.traces import read_traces
    from pipelines.finetuning.preference.feedback.records import as_line

    found = read_traces(experiment, uri, name)
    out.write_text("".join(map(as_line, found.feedback)), encoding="utf-8")
    left = f"; {found.unreadable} assessments are no verdict" if found.unreadable else ""
    typer.echo(f"{out}: {len(found.feedback)} verdicts{left}")
