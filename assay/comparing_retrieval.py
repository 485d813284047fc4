"""Retrieval compared on its own: every retrieved configuration of an experiment, before any answer is paid for.

Choices are read on dev, test is asked for all, and the configurations are compared with each baseline by paired tests,
one family a baseline. One that ranks exactly as an earlier one does (its post-processors change what is read, not what
is found) is named so and left out of the families.

Questions with answers are resampled in clusters that share a gold document. Where a dataset judges documents alone
(BEIR), questions are resampled as they stand, as is usual for judged topics: their pooled judgements would tie nearly
all of them into one cluster.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from assay.experiment import Configuration, Experiment
from assay.measure import one_off
from assay.progress import Progress
from assay.retrieval import Retrieved
from assay.stages import Stages
from assay.store import Store
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

METRIC = "ndcg_at_10"
SHOWN = (METRIC, "recall_at_5", "recall_at_10", "gold_in_context")


@dataclass(frozen=True)
class RetrievalRow:
    """One configuration: ``dev`` is the mean of ``METRIC`` there, ``metrics`` are on test. Seconds are machine time
    per question in a batch, language model calls included; ``context_tokens`` what the model would be given to read;
    ``ranks_as`` an earlier configuration with the same rankings on test."""

    id: str
    dev: float
    metrics: dict[str, Estimate]
    seconds: float
    context_tokens: float
    index_seconds: float
    index_bytes: float
    train_seconds: float
    fell_back: int
    ranks_as: str = ""


@dataclass(frozen=True)
class RetrievalComparison:
    """All rows in the experiment's order; ``best_on_dev`` is the id that dev would choose, ``leaks_left_out`` the
    number of training questions that stand in dev or test as well and were not learnt from."""

    name: str
    dataset: str
    documents: int
    questions: int
    rows: tuple[RetrievalRow, ...]
    comparisons: tuple[Comparison, ...]
    best_on_dev: str
    leaks_left_out: int = 0


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
    configurations = [c for c in experiment.configurations if c.retrieved]
    if not configurations:
        raise UserError(f"experiment {experiment.name}: no configuration retrieves anything")
    known = [c.id for c in configurations]
    for name in against:
        if name not in known:
            raise UserError(f"--against {name}: no such configuration; {nearest(name, known)}")
    progress = Progress(console)
    with progress.shown():
        stages = Stages(experiment, Store(store), progress)
        stages.dataset, left_out = without_leaks(stages.dataset)
        dataset = stages.dataset
        questions = dataset.split("test")
        if not any(question.judgements for question in questions):
            raise UserError(f"dataset {dataset.name}: no test question has a gold passage or a judged document")
        tables = {c.id: _table(stages, c, questions) for c in configurations}
        bases = list(against) or known[:1]
        twins = {name: twin for name, twin in _twins(tables).items() if name not in bases}
        rows = tuple(
            replace(_row(stages, c, questions, tables[c.id]), ranks_as=twins.get(c.id, "")) for c in configurations
        )
    judged = ~np.ma.getmaskarray(tables[known[0]][0][METRIC])
    values = {name: np.asarray(table[METRIC][judged]) for name, (table, _) in tables.items() if name not in twins}
    comparisons = [
        comparison
        for base in bases
        for comparison in compare_family(
            [(name, base) for name in values if name != base],
            values,
            _clusters(questions)[judged],
            metric=METRIC,
            seed=fan_out(experiment.seed, "comparisons", base),
            margin=experiment.margin,
        )
    ]
    best = max(rows, key=lambda row: row.dev).id
    result = RetrievalComparison(
        experiment.name,
        dataset.name,
        len(dataset.documents),
        int(judged.sum()),
        rows,
        tuple(comparisons),
        best,
        left_out,
    )
    _save(result, runs / experiment.name)
    return result


def _twins(tables: Mapping[str, tuple[dict[str, Column], Retrieved]]) -> dict[str, str]:
    """For each configuration whose rankings are those of an earlier one, that one's id."""
    first: dict[tuple[tuple[str, ...], ...], str] = {}
    twins = {}
    for name, (_, found) in tables.items():
        rankings = tuple(hits.chunk_ids for hits in found.ranking)
        if first.setdefault(rankings, name) != name:
            twins[name] = first[rankings]
    return twins


def _clusters(questions: Sequence[Question]) -> NDArray[np.intp]:
    if judges_retrieval_alone(questions):
        return np.arange(len(questions), dtype=np.intp)
    return clusters_by_gold(questions)


def _table(
    stages: Stages, configuration: Configuration, questions: Sequence[Question]
) -> tuple[dict[str, Column], Retrieved]:
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
    on_dev = _table(stages, configuration, dev)[0][METRIC] if dev else column([])
    count = stages.model(configuration).count_tokens
    tokens = count([chunk.text for read in found.read for chunk in read.chunks])
    paid = one_off(stages, configuration, [])
    return RetrievalRow(
        id=configuration.id,
        dev=float(on_dev.mean()) if on_dev.count() else 0.0,
        metrics={name: _estimate(stages, table[name], questions) for name in SHOWN if table[name].count()},
        seconds=float(np.mean([spent.seconds for spent in found.spent])),
        context_tokens=sum(tokens) / len(questions),
        index_seconds=paid.index_seconds,
        index_bytes=paid.index_bytes,
        train_seconds=paid.train_seconds,
        fell_back=found.fell_back,
    )


def _estimate(stages: Stages, values: Column, questions: Sequence[Question]) -> Estimate:
    kept = ~np.ma.getmaskarray(values)
    return interval(
        np.asarray(values[kept])[None, :], _clusters(questions)[kept], seed=fan_out(stages.experiment.seed, "interval")
    )


def load_comparison(path: Path) -> RetrievalComparison:
    """The comparison in a ``retrieval.json``."""
    data = json.loads(path.read_text(encoding="utf-8"))
    rows = [
        RetrievalRow(**{**row, "metrics": {name: Estimate(**one) for name, one in row["metrics"].items()}})
        for row in data["rows"]
    ]
    return RetrievalComparison(
        **{**data, "rows": tuple(rows), "comparisons": tuple(Comparison(**one) for one in data["comparisons"])}
    )


def _save(result: RetrievalComparison, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [{**asdict(row), "metrics": {k: v.model_dump() for k, v in row.metrics.items()}} for row in result.rows]
    data = {**asdict(result), "rows": rows, "comparisons": [one.model_dump() for one in result.comparisons]}
    (folder / "retrieval.json").write_text(json.dumps(data, indent=1), encoding="utf-8")
    lines = ["| " + " | ".join(cells) + " |" for cells in cells_of(result)]
    lines.insert(1, "|" + " --- |" * len(cells_of(result)[0]))
    (folder / "retrieval.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def cells_of(result: RetrievalComparison) -> list[list[str]]:
    """The table as text, its heading first. Differences are of nDCG@10, with simultaneous intervals."""
    bases = list(dict.fromkeys(one.b for one in result.comparisons))
    gold = any("gold_in_context" in row.metrics for row in result.rows)
    heading = ["configuration", "dev", "nDCG@10 (95 %)", "recall@5", "recall@10"]
    heading += ["gold read", "tokens read"] if gold else ["tokens read"]
    heading += ["ms", *(f"against {base}" for base in bases)]
    by_pair = {(one.a, one.b): one for one in result.comparisons}
    return [heading] + [_cells(row, bases, by_pair, gold, row.id == result.best_on_dev) for row in result.rows]


def _cells(
    row: RetrievalRow, bases: Sequence[str], by_pair: dict[tuple[str, str], Comparison], gold: bool, best: bool
) -> list[str]:
    main = row.metrics[METRIC]
    cells = [f"{row.id} *" if best else row.id, f"{row.dev:.3f}"]
    cells += [f"{main.mean:.3f} [{main.low:.3f}, {main.high:.3f}]"]
    cells += [f"{row.metrics[name].mean:.3f}" for name in ("recall_at_5", "recall_at_10")]
    if gold:
        cells.append(f"{row.metrics['gold_in_context'].mean:.3f}" if "gold_in_context" in row.metrics else "")
    cells += [f"{row.context_tokens:.0f}", f"{1000 * row.seconds:.1f}"]
    return cells + [_difference(by_pair.get((row.id, base)), row.ranks_as) for base in bases]


def _difference(one: Comparison | None, twin: str) -> str:
    if one is None:
        return f"ranks as {twin}" if twin else ""
    said = {"a": "better", "b": "worse"}.get(one.verdict, one.verdict)
    return f"{one.delta:+.3f} [{one.low:+.3f}, {one.high:+.3f}] {said}"


def size_of(result: RetrievalComparison) -> str:
    """What was searched and asked, in a line."""
    size = f"{result.dataset}: {result.documents:,} documents, {result.questions:,} test questions"
    left_out = f"; {result.leaks_left_out} training questions that stand in dev or test left out"
    return size + (left_out if result.leaks_left_out else "")


def retrieval_table(result: RetrievalComparison) -> Table:
    """The comparison for the terminal."""
    heading, *rows = cells_of(result)
    title = f"{size_of(result)}; * best on dev"
    table = Table(*heading, title=title)
    for row in rows:
        table.add_row(*row)
    return table
