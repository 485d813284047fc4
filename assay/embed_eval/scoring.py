"""Scores of an embedder by mteb. The package is an extra: it is imported when scores are asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from assay.embed_eval.local_data import Tasks
from assay.tables import Cells
from pipelines.errors import UserError
from pipelines.registry import StageConfig

_DIGITS = 4


@dataclass(frozen=True)
class TaskScore:
    """The main score of one task, between 0 and 1 for all but similarities (Spearman)."""

    task: str
    kind: str
    metric: str
    score: float


def evaluate_embedder(config: StageConfig, tasks: Tasks) -> list[TaskScore]:
    """Score an embedder on local data, the test split of each. Raises ``UserError`` where mteb is missing, nothing is
    to be scored on, a file is bad, or the embedder cannot be built."""
    if not any((tasks.sts, tasks.retrieval, tasks.reranking, tasks.clustering, tasks.classification)):
        raise UserError(
            "embed-eval: name data to score on: --sts, --retrieval, --reranking, --clustering, --classification"
        )
    if find_spec("mteb") is None:
        raise UserError("embed-eval needs mteb, which is an extra: pip install 'assay-workbench[mteb]'")
    import mteb

    from assay.embed_eval.mteb_encoder import MtebEncoder
    from assay.embed_eval.mteb_tasks import TEST, made_tasks
    from pipelines.retrieval.embedders import embedders

    made = made_tasks(tasks)
    encoder = MtebEncoder(embedders.build(config))
    results = mteb.evaluate(encoder, made, cache=None, co2_tracker=False)
    found = {result.task_name: result.scores[TEST][0]["main_score"] for result in results.task_results}
    return [
        TaskScore(
            task.metadata.name.rpartition("-")[0],
            task.metadata.type,
            task.metadata.main_score,
            float(found[task.metadata.name]),
        )
        for task in made
    ]


def score_table(name: str, scores: Sequence[TaskScore]) -> Cells:
    """One row a task."""
    rows = [[name, one.task, one.kind, one.metric, f"{one.score:.{_DIGITS}f}"] for one in scores]
    return [["embedder", "data", "task", "metric", "score"], *rows]
