"""Datasets by name or by experiment file, for the command line."""

from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table

from pipelines.corpus import datasets
from pipelines.errors import UserError
from pipelines.records import Dataset


def load_dataset(source: str) -> Dataset:
    """The dataset of an experiment file, or of a kind that needs no options. Raises ``UserError``."""
    from pydantic import ValidationError

    if source.endswith((".yaml", ".yml")):
        from assay.loading import load_experiment

        config = load_experiment(Path(source)).dataset
    elif source in datasets.kinds():
        try:
            config = datasets.parse(source)
        except ValidationError as error:
            missing = ", ".join(str(one["loc"][0]) for one in error.errors())
            raise UserError(f"dataset {source} needs {missing}; name it in an experiment file") from error
    else:
        raise UserError(f"{source!r} is neither an experiment file nor a dataset kind: {', '.join(datasets.kinds())}")
    loaded: Dataset = datasets.build(config)()
    return loaded


def summary(dataset: Dataset, questions: int) -> RenderableType:
    """Counts by split, track and kind, and the first test questions."""
    counts = Table("split", "questions", "tracks", "kinds", title=f"{dataset.name}: {len(dataset.documents)} documents")
    for split in ("train", "dev", "test"):
        asked = dataset.split(split)
        tracks, kinds = _count(q.track for q in asked), _count(q.kind for q in asked)
        counts.add_row(split, str(len(asked)), tracks, kinds)
    some = Table("question", "answers", "track", "gold documents")
    for question in dataset.split("test")[:questions]:
        gold = ", ".join(dict.fromkeys(span.document_id for span in question.gold))
        some.add_row(question.text, " | ".join(question.answers) or "(unanswerable)", question.track, gold)
    return Group(counts, some)


def _count(names: object) -> str:
    from collections import Counter
    from collections.abc import Iterable

    assert isinstance(names, Iterable)
    return ", ".join(f"{name} {count}" for name, count in Counter(names).most_common() if name)
