"""Retrieval compared on its own: every retrieved configuration of an experiment, before any answer is paid for.

Choices are read on dev, test is asked for all, and the configurations are compared with each baseline by paired tests,
one family a baseline. One that ranks exactly as an earlier one does (its post-processors change what is read, not what
is found) is named so and left out of the families.

Questions with answers are resampled in clusters that share a gold document. Where a dataset judges documents alone
(BEIR), questions are resampled as they stand, as is usual for judged topics: their pooled judgements would tie nearly
all of them into one cluster.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from assay.experiment import Configuration, Experiment
from assay.learnt import learnt
from assay.measure import one_off
from assay.progress import Progress
from assay.retrieval import Retrieved
from assay.retrieval_results import METRIC, RetrievalComparison, RetrievalRow, save_comparison
from assay.retrieval_table import cells_of, learnt_of
from assay.stages import Stages
from assay.store import Store
from assay.tables import markdown_table
from eval.leakage import without_leaks
from eval.metrics import Column, column, gold_passage_recall, score_retrieval
from eval.results import Comparison, Estimate
from eval.statistics.clusters import clusters_by_gold
from eval.statistics.compare import compare_family
from eval.statistics.interval import interval
from eval.statistics.seeds import fan_out
from pipelines.corpus.validation import judges_retrieval_alone
from pipelines.errors import UserError
from pipelines.records import Question
from pipelines.registry import nearest

SHOWN = (METRIC, "recall_at_5", "recall_at_10", "gold_in_context")


def compare_retrieval(
    experiment: Experiment,
    *,
    store: Path,
    runs: Path,
    against: Sequence[str] = (),
    console: Console | None = None,
) -> RetrievalComparison:
    """Measure what each retrieved configuration finds, without asking for an answer; ``retrieval.json`` and
    ``retrieval.md`` are left in the run's folder.

    ``against`` are ids of baselines; the first configuration where there are none. Raises ``UserError``.
    """
    configurations = _retrieved(experiment, against)
    progress = Progress(console)
    with progress.shown():
        stages = Stages(experiment, Store(store), progress)
        stages.dataset, left_out = without_leaks(stages.dataset)
        dataset = stages.dataset
        questions = dataset.split("test")
        if not any(question.judgements for question in questions):
            raise UserError(f"dataset {dataset.name}: no test question has a gold passage or a judged document")
        tables = {c.id: scored(stages, c, questions) for c in configurations}
        bases = list(against) or [configurations[0].id]
        twins = {name: twin for name, twin in _twins(tables).items() if name not in bases}
        rows = tuple(
            replace(_row(stages, c, questions, tables[c.id]), ranks_as=twins.get(c.id, "")) for c in configurations
        )
    judged = ~np.ma.getmaskarray(tables[configurations[0].id][0][METRIC])
    values = {name: np.asarray(table[METRIC][judged]) for name, (table, _) in tables.items() if name not in twins}
    result = RetrievalComparison(
        name=experiment.name,
        dataset=dataset.name,
        documents=len(dataset.documents),
        questions=int(judged.sum()),
        rows=rows,
        comparisons=tuple(_comparisons(experiment, values, bases, clusters(questions)[judged])),
        best_on_dev=tuple(row.id for row in rows if row.dev is not None and row.dev == max(r.dev or 0.0 for r in rows)),
        leaks_left_out=left_out,
    )
    folder = runs / experiment.name
    folder.mkdir(parents=True, exist_ok=True)
    save_comparison(result, folder / "retrieval.json")
    lines = [markdown_table(cells_of(result)), *(f"\n- {line}" for line in learnt_of(result))]
    (folder / "retrieval.md").write_text("".join(lines) + "\n", encoding="utf-8")
    return result


def _retrieved(experiment: Experiment, against: Sequence[str]) -> list[Configuration]:
    configurations = [c for c in experiment.configurations if c.retrieved]
    if not configurations:
        raise UserError(f"experiment {experiment.name}: no configuration retrieves anything")
    known = [c.id for c in configurations]
    for name in against:
        if name not in known:
            raise UserError(f"--against {name}: no such configuration; {nearest(name, known)}")
    return configurations


def _comparisons(
    experiment: Experiment,
    values: Mapping[str, NDArray[np.float64]],
    bases: Sequence[str],
    members: NDArray[np.intp],
) -> Iterator[Comparison]:
    """All with each baseline, one family a baseline."""
    for base in bases:
        yield from compare_family(
            [(name, base) for name in values if name != base],
            values,
            members,
            metric=METRIC,
            seed=fan_out(experiment.seed, "comparisons", base),
            margin=experiment.margin,
        )


def _twins(tables: Mapping[str, tuple[dict[str, Column], Retrieved]]) -> dict[str, str]:
    """For each configuration whose rankings are those of an earlier one, that one's id."""
    first: dict[tuple[tuple[str, ...], ...], str] = {}
    twins = {}
    for name, (_, found) in tables.items():
        rankings = tuple(hits.chunk_ids for hits in found.ranking)
        if first.setdefault(rankings, name) != name:
            twins[name] = first[rankings]
    return twins


def clusters(questions: Sequence[Question]) -> NDArray[np.intp]:
    """The cluster of each question, ``[n]``: by shared gold document, or each its own where documents are judged."""
    if judges_retrieval_alone(questions):
        return np.arange(len(questions), dtype=np.intp)
    return clusters_by_gold(questions)


def scored(
    stages: Stages, configuration: Configuration, questions: Sequence[Question]
) -> tuple[dict[str, Column], Retrieved]:
    """The retrieval metrics of every question, and what was found for it."""
    found = stages.retrieval.retrieve(configuration, questions, [question.text for question in questions])
    table = score_retrieval(questions, found.ranking, stages.indexing.by_id(configuration))
    pairs = zip(questions, found.read, strict=True)
    table["gold_in_context"] = column([gold_passage_recall(question, read.chunks) for question, read in pairs])
    return table, found


def _row(
    stages: Stages,
    configuration: Configuration,
    questions: Sequence[Question],
    measured: tuple[dict[str, Column], Retrieved],
) -> RetrievalRow:
    table, found = measured
    dev = stages.dataset.split("dev")
    on_dev = scored(stages, configuration, dev)[0][METRIC] if dev else column([])
    count = stages.model(configuration).count_tokens
    tokens = count([chunk.text for read in found.read for chunk in read.chunks])
    paid = one_off(stages, configuration, [])
    return RetrievalRow(
        id=configuration.id,
        dev=float(on_dev.mean()) if on_dev.count() else None,
        metrics={name: _estimate(stages, table[name], questions) for name in SHOWN if table[name].count()},
        seconds=float(np.mean([spent.seconds for spent in found.spent])),
        context_tokens=sum(tokens) / len(questions),
        index_seconds=paid.index_seconds,
        index_bytes=paid.index_bytes,
        train_seconds=paid.train_seconds,
        fell_back=found.fell_back,
        learnt=learnt(stages, configuration),
    )


def _estimate(stages: Stages, values: Column, questions: Sequence[Question]) -> Estimate:
    kept = ~np.ma.getmaskarray(values)
    return interval(
        np.asarray(values[kept])[None, :], clusters(questions)[kept], seed=fan_out(stages.experiment.seed, "interval")
    )
