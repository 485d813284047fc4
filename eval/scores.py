"""Per-question scores of one configuration."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.measured import Measured
from eval.metrics import Column, column, gold_passage_recall, score_answers, score_retrieval, similarity
from pipelines.flows import Outcome
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
    if one.ranking is not None:
        found = score_retrieval(questions, one.ranking, one.chunks)
        tables |= {metric: values[None, :] for metric, values in found.items()}
        tables["gold_in_context"] = np.ma.stack([_gold_in_context(questions, outcome) for outcome in one.outcomes])
    if one.judged is not None:
        said = {metric: judged.values for metric, judged in one.judged.metrics.items() if not judged.absent}
        tables |= {metric: column(values)[None, :] for metric, values in said.items()}
    applies = {metric: np.asarray(~np.ma.getmaskarray(table).any(axis=0)) for metric, table in tables.items()}
    kept = {metric: np.ma.filled(table, 0.0) for metric, table in tables.items() if applies[metric].any()}
    return Scores(kept, {metric: applies[metric] for metric in kept})


def _gold_in_context(questions: Sequence[Question], outcome: Outcome) -> Column:
    """Share of a question's gold passages that the model was given to read."""
    pairs = zip(questions, outcome.contexts, strict=True)
    return column([gold_passage_recall(question, context.chunks) for question, context in pairs])
