"""One experiment from file to results: stages, choices on dev, test, latency, verdict, report and tracking."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from rich.console import Console

from assay.cautions import cautions
from assay.demonstration import Asked, fact_change, reading_documents, showcase
from assay.embedding import neighbours
from assay.environment import describe_environment
from assay.experiment import Experiment
from assay.forgetting import forgetting
from assay.judging import with_judgements
from assay.loading import as_yaml
from assay.measure import measure
from assay.preflight import preflight
from assay.probe import no_probe, probe
from assay.progress import Progress
from assay.scenario import write_statement
from assay.selection import Selection, select
from assay.serving.experiment_file import write_experiment
from assay.stages import Stages
from assay.staleness import Change, change_facts, check_churn
from assay.store import Store
from assay.weights import parameters
from eval.economics.extrapolation import Sizes
from eval.economics.prices import PriceBook, load_price_book
from eval.economics.scenario_file import WhatIf
from eval.economics.statement import Statement, make_statement
from eval.economics.usage_file import write_usage
from eval.evaluator import Evaluation, Plan, evaluate
from eval.finance import Staleness
from eval.leakage import listed
from eval.measured import Measured
from eval.results import Arm, DatasetInfo, Results
from pipelines.records import Dataset

STORE = Path(".assay/store")
RUNS = Path("runs")


@dataclass(frozen=True)
class Run:
    """A finished run: its results, the table behind them, and the folder that holds both and the report."""

    results: Results
    per_question: pd.DataFrame
    folder: Path


def run_experiment(
    experiment: Experiment,
    *,
    store: Path = STORE,
    runs: Path = RUNS,
    console: Console | None = None,
    tracking: bool = True,
) -> Run:
    """Run everything, from the store where it is already there. Raises ``UserError`` for what the user can mend."""
    from assay.tracking import log_run
    from eval.report import render

    folder = runs / experiment.name
    yaml = as_yaml(experiment)
    progress = Progress(console)
    with progress.shown():
        prices = load_price_book(Path(experiment.economics.price_book) if experiment.economics.price_book else None)
        stages = Stages(experiment, Store(store), progress)
        with progress.step("checks"):
            check_churn(experiment)
            preflight(stages, prices, (store, folder))
            near = listed(neighbours(stages))
        selection = select(stages)
        latencies = probe(stages, selection)
        measured = with_judgements(stages, measure(stages, selection, latencies))
        change = change_facts(stages, selection, measured)
        with progress.step("statistics"):
            evaluation = evaluate(
                stages.dataset.split("test"),
                measured,
                _plan(experiment, prices, change.staleness),
                language=stages.dataset.language,
                embed=stages.embed,
                documents=stages.documents,
            )
            sizes = Sizes(len(stages.dataset.documents), parameters(stages))
            terms = WhatIf.model_validate(experiment.economics.model_dump())
            statement = make_statement(
                experiment.name, evaluation.books, terms, prices, evaluation.comparisons, sizes, change.reason
            )
        results = _results(stages, selection, measured, evaluation, statement, change, near)
        with progress.step("report"):
            results.save(folder / "results.json")
            asked = [question.id for question in stages.dataset.split("test")]
            write_usage(folder, evaluation.books, experiment.economics, prices, asked, sizes.parameters)
            write_statement(statement, folder)
            write_experiment(experiment, folder)
            _save_table(evaluation.per_question, folder / "per_question.parquet")
            render(results, evaluation.per_question, folder / "report.html")
        finished = {stages.finished_key(c): results.created.isoformat() for c in experiment.configurations}
        stages.store.records("finished").put_many(finished)
        if tracking:
            with progress.step("MLflow"):
                log_run(
                    results, evaluation.per_question, folder, experiment_yaml=yaml, uri=f"sqlite:///{runs}/mlflow.db"
                )
    return Run(results, evaluation.per_question, folder)


def _plan(experiment: Experiment, prices: PriceBook, stale: Staleness | None) -> Plan:
    return Plan(
        primary_metric=experiment.primary_metric,
        margin=experiment.margin,
        contrasts=experiment.contrasts,
        economics=experiment.economics,
        prices=prices,
        seed=experiment.seed,
        staleness=stale,
    )


def _results(
    stages: Stages,
    selection: Selection,
    measured: list[Measured],
    evaluation: Evaluation,
    statement: Statement,
    change: Change,
    near: str,
) -> Results:
    experiment, questions = stages.experiment, stages.dataset.split("test")
    asked = _asked(stages, measured, evaluation, {one.id for one in measured if one.selected_on_dev})
    documents = _asked(stages, measured, evaluation, reading_documents(stages, selection))
    shown, not_shown = (
        fact_change(stages, change.after, selection, documents) if change.after else (None, change.reason)
    )
    absent = dict(evaluation.absent)
    for part, found, reason in (("fact_change", shown, not_shown), ("staleness", change.staleness, change.reason)):
        if found is None:
            absent[part] = reason
    if stages.experiment.judge is None:
        absent["judged_metrics"] = "no judge is configured"
    if reason := no_probe(stages):
        absent["latency"] = reason
    errors = sum(one.errors for one in evaluation.configurations)
    return Results(
        name=experiment.name,
        created=datetime.now(UTC),
        seed=experiment.seed,
        primary_metric=experiment.primary_metric,
        dataset=describe(stages.dataset, stages.dataset_fingerprint),
        environment=describe_environment(),
        scenario=evaluation.reckoning.scenario,
        configurations=evaluation.configurations,
        comparisons=evaluation.comparisons,
        track_comparisons=evaluation.track_comparisons,
        break_even=evaluation.reckoning.break_even,
        pareto=evaluation.reckoning.pareto,
        recommendation=evaluation.reckoning.recommendation,
        showcase=showcase(questions, asked),
        fact_change=shown,
        staleness=change.staleness,
        tornado=statement.tornado,
        decision_map=statement.decision_map,
        small_sample=evaluation.small_sample,
        forgetting=forgetting(stages, selection),
        warnings=cautions(experiment, stages.dataset, measured, errors),
        neighbours=near,
        absent=absent,
        timings=stages.progress.so_far(),
    )


def _asked(
    stages: Stages, measured: list[Measured], evaluation: Evaluation, chosen: Collection[str]
) -> dict[Arm, Asked]:
    """The chosen configurations by arm, as the demonstration wants them."""
    table = evaluation.per_question
    first = table[table["seed"] == 0]
    by_id = {configuration.id: configuration for configuration in stages.experiment.configurations}
    return {
        one.arm: Asked(by_id[one.id], one.outcomes[0], first[first["configuration"] == one.id]["usd"].tolist())
        for one in measured
        if one.id in chosen
    }


def describe(dataset: Dataset, fingerprint: str) -> DatasetInfo:
    """What was asked, in numbers."""
    test = dataset.split("test")
    return DatasetInfo(
        name=dataset.name,
        fingerprint=fingerprint,
        language=dataset.language,
        documents=len(dataset.documents),
        questions={split: len(dataset.split(split)) for split in ("train", "dev", "test")},
        tracks={track: sum(q.track == track for q in test) for track in sorted({q.track for q in test if q.track})},
        source=dataset.source,
        licence=dataset.licence,
    )


def _save_table(table: pd.DataFrame, path: Path) -> None:
    part = path.with_suffix(".part")
    table.to_parquet(part, index=False)
    part.replace(path)
