"""Per-question scores of one configuration."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.measured import Measured
from eval.metrics import column, score_answers, score_retrieval, similarity
from pipelines.records import Question

Embed = Callable[[Sequence[str]], NDArray[np.float32]]


@dataclass(frozen=True)
class Scores:
    """``values[metric]`` is ``[seeds, questions]``; ``applies[metric]`` says for which questions it means anything
    (its other values are 0 and count nowhere). A metric that applies nowhere is left out."""

    values: dict[str, NDArray[np.float64]]
    applies: dict[str, NDArray[np.bool_]]


def score_configuration(
    questions: Sequence[Question], one: Measured, language: str = "en", embed: Embed | None = None
) -> Scores:
    """All metrics of a configuration. A failed question counts as wrong. ``embed`` adds the similarity of meaning."""
    by_seed = []
    for outcome in one.outcomes:
        columns = score_answers(questions, outcome.answers, language)
        if embed is not None:
            columns["similarity"] = column(similarity(questions, [a.text for a in outcome.answers], embed))
        by_seed.append(columns)
    tables = {metric: np.ma.stack([columns[metric] for columns in by_seed]) for metric in by_seed[0]}
    if one.hits is not None:
        found = score_retrieval(questions, one.hits, one.chunks)
        tables |= {metric: values[None, :] for metric, values in found.items()}
    applies = {metric: np.asarray(~np.ma.getmaskarray(table).any(axis=0)) for metric, table in tables.items()}
    kept = {metric: np.ma.filled(table, 0.0) for metric, table in tables.items() if applies[metric].any()}
    return Scores(kept, {metric: applies[metric] for metric in kept})
