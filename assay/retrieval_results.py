"""What a comparison of retrieval found, and its file."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from eval.results import Comparison, Estimate

METRIC = "ndcg_at_10"


@dataclass(frozen=True)
class RetrievalRow:
    """One configuration: ``dev`` is the mean of ``METRIC`` there (``None`` without dev), ``metrics`` are on test.

    Seconds are machine time per question in a batch, language model calls included; ``context_tokens`` what the model
    would be given to read; ``ranks_as`` an earlier configuration with the same rankings on test; ``learnt`` what was
    learnt or chosen on train and dev."""

    id: str
    dev: float | None
    metrics: dict[str, Estimate]
    seconds: float
    context_tokens: float
    index_seconds: float
    index_bytes: float
    train_seconds: float
    fell_back: int
    ranks_as: str = ""
    learnt: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class RetrievalComparison:
    """All rows in the experiment's order. ``best_on_dev`` are the ids that dev would choose, several where they tie;
    ``leaks_left_out`` counts training questions that stand in dev or test as well and were not learnt from."""

    name: str
    dataset: str
    documents: int
    questions: int
    rows: tuple[RetrievalRow, ...]
    comparisons: tuple[Comparison, ...]
    best_on_dev: tuple[str, ...]
    leaks_left_out: int = 0


def load_comparison(path: Path) -> RetrievalComparison:
    """The comparison in a ``retrieval.json``."""
    data = json.loads(path.read_text(encoding="utf-8"))
    rows = [
        RetrievalRow(**{**row, "metrics": {name: Estimate(**one) for name, one in row["metrics"].items()}})
        for row in data["rows"]
    ]
    return RetrievalComparison(
        **{
            **data,
            "rows": tuple(rows),
            "best_on_dev": tuple(data["best_on_dev"]),
            "comparisons": tuple(Comparison(**one) for one in data["comparisons"]),
        }
    )


def save_comparison(result: RetrievalComparison, path: Path) -> None:
    """Write it as JSON."""
    rows = [{**asdict(row), "metrics": {k: v.model_dump() for k, v in row.metrics.items()}} for row in result.rows]
    data = {**asdict(result), "rows": rows, "comparisons": [one.model_dump() for one in result.comparisons]}
    path.write_text(json.dumps(data, indent=1), encoding="utf-8")
