"""Local data as tasks of mteb 2: its own task classes, so its own evaluators and main scores, with nothing downloaded.

Where a class samples, as clustering does, all local texts are used.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assay.embed_eval.local_data import Judged, Tasks, read_judged, read_labelled, read_pairs

TEST, TRAIN = "test", "train"


def made_tasks(tasks: Tasks) -> list[Any]:
    """The tasks in the order of ``Tasks``' fields. Raises ``UserError`` where a file is missing or bad."""
    return [
        *(_sts(path) for path in tasks.sts),
        *(_retrieval(folder) for folder in tasks.retrieval),
        *(_reranking(folder) for folder in tasks.reranking),
        *(_clustering(path) for path in tasks.clustering),
        *(_classification(folder) for folder in tasks.classification),
    ]


def _sts(path: Path) -> Any:
    from mteb.abstasks.sts import AbsTaskSTS

    pairs = read_pairs(path)
    columns: dict[str, list[Any]] = {"sentence1": pairs.first, "sentence2": pairs.second, "score": pairs.scores}
    return _task(AbsTaskSTS, path, "STS", "cosine_spearman", _splits({TEST: columns}))


def _retrieval(folder: Path) -> Any:
    from mteb.abstasks.retrieval import AbsTaskRetrieval

    return _task(AbsTaskRetrieval, folder, "Retrieval", "ndcg_at_10", _judged(read_judged(folder)))


def _reranking(folder: Path) -> Any:
    from mteb.abstasks.retrieval import AbsTaskRetrieval

    return _task(AbsTaskRetrieval, folder, "Reranking", "map_at_1000", _judged(read_judged(folder, rerank=True)))


def _clustering(path: Path) -> Any:
    from mteb.abstasks.clustering import AbsTaskClustering

    found = read_labelled(path)
    splits = _splits({TEST: {"sentences": found.texts, "labels": found.labels}})
    everything = {"max_fraction_of_documents_to_embed": None, "max_document_to_embed": None}
    return _task(AbsTaskClustering, path, "Clustering", "v_measure", splits, **everything)


def _classification(folder: Path) -> Any:
    from mteb.abstasks.classification import AbsTaskClassification

    found = {split: read_labelled(folder / f"{split}.jsonl") for split in (TRAIN, TEST)}
    names = sorted({label for one in found.values() for label in one.labels})
    numbers = {name: number for number, name in enumerate(names)}  # with two labels mteb scores no words
    splits: dict[str, dict[str, list[Any]]] = {
        split: {"text": one.texts, "label": [numbers[label] for label in one.labels]} for split, one in found.items()
    }
    return _task(AbsTaskClassification, folder, "Classification", "accuracy", _splits(splits))


def _task(base: type[Any], path: Path, kind: str, score: str, dataset: Any, **settings: Any) -> Any:
    from mteb.abstasks.task_metadata import TaskMetadata

    metadata = TaskMetadata(
        name=f"{path.stem}-{kind}",
        description=f"{kind} on {path}",
        dataset={"path": str(path), "revision": "local"},
        type=kind,
        category="t2t",
        modalities=["text"],
        eval_splits=[TEST],
        eval_langs=["eng-Latn"],
        main_score=score,
    )
    task = type("LocalTask", (base,), {"metadata": metadata, **settings})()
    task.dataset, task.data_loaded = dataset, True
    return task


def _splits(splits: Mapping[str, Mapping[str, list[Any]]]) -> Any:
    from datasets import Dataset, DatasetDict

    return DatasetDict({name: Dataset.from_dict(dict(columns)) for name, columns in splits.items()})


def _judged(judged: Judged) -> Any:
    from datasets import Dataset

    documents, questions = judged.dataset.documents, judged.questions
    split = {
        "corpus": Dataset.from_dict(
            {
                "id": [document.id for document in documents],
                "title": [document.title for document in documents],
                "text": [document.text for document in documents],
            }
        ),
        "queries": Dataset.from_dict({"id": [one.id for one in questions], "text": [one.text for one in questions]}),
        "relevant_docs": {one.id: one.judgements for one in questions},
        "top_ranked": dict(judged.candidates) or None,
    }
    return {"default": {TEST: split}}
