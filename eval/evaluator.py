"""From what a run measured to what it says: scores, intervals, comparisons, money and the recommendation."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eval.confidence import confidence_quality
from eval.contrasts import compare_all, named_contrasts
from eval.diagnosis import Diagnosis, diagnose
from eval.economics.account import Books
from eval.economics.mean_interval import Clusters
from eval.economics.prices import PriceBook
from eval.economics.reckoning import Reckoning, reckon
from eval.economics.terms import Economics
from eval.finance import Staleness
from eval.measured import Measured
from eval.money import account_of
from eval.results import (
    NEEDS_GOLD,
    Comparison,
    ConfidenceQuality,
    ConfigurationResult,
    Cost,
    Estimate,
    JudgeQuality,
    Roi,
    SmallSample,
    Tokens,
)
from eval.rows import per_question_rows
from eval.scores import Embed, Scores, score_configuration
from eval.statistics.clusters import clusters_by_gold
from eval.statistics.interval import interval
from eval.statistics.seeds import fan_out
from eval.statistics.small_sample import winners_of_small_samples
from pipelines.records import Question

if TYPE_CHECKING:
    import pandas as pd

BOUNDS = {"similarity": (-1.0, 1.0), "answer_relevancy": (-1.0, 1.0)}
"""Ranges of the metrics that are not shares."""


@dataclass(frozen=True)
class Plan:
    """What is declared before anything is judged, and what was measured of staleness."""

    primary_metric: str
    margin: float
    contrasts: tuple[tuple[str, str], ...]
    economics: Economics
    prices: PriceBook
    seed: int
    staleness: Staleness | None = None


@dataclass(frozen=True)
class Evaluation:
    """Everything the results contract says about the configurations, and the table and books behind it."""

    configurations: tuple[ConfigurationResult, ...]
    comparisons: tuple[Comparison, ...]
    track_comparisons: dict[str, tuple[Comparison, ...]]
    books: Books
    reckoning: Reckoning
    small_sample: SmallSample | None
    per_question: "pd.DataFrame"
    absent: dict[str, str]


def evaluate(
    questions: Sequence[Question],
    measured: Sequence[Measured],
    plan: Plan,
    *,
    language: str = "en",
    embed: Embed | None = None,
    documents: Container[str] | None = None,
) -> Evaluation:
    """Judge all configurations on the same test ``questions``; ``UserError`` where nothing can be recommended.
    ``documents`` are the ids of the corpus, for the diagnosis."""
    clusters = clusters_by_gold(questions)
    scores = {one.id: score_configuration(questions, one, language, embed) for one in measured}
    primary = {name: table.values[plan.primary_metric] for name, table in scores.items()}
    comparisons, track_comparisons = compare_all(
        named_contrasts(plan.contrasts, measured),
        questions,
        primary,
        clusters,
        metric=plan.primary_metric,
        seed=fan_out(plan.seed, "comparisons"),
        margin=plan.margin,
    )
    books = _books(measured, scores, clusters, plan)
    money = reckon(books, plan.economics, plan.prices, comparisons)
    diagnoses = {
        one.id: diagnose(questions, one, scores[one.id], documents=documents, language=language) for one in measured
    }
    absent = {f"configurations.{place}": reason for place, reason in money.absent.items()}
    if not comparisons:
        absent["comparisons"] = "there is one configuration" if len(measured) == 1 else "no contrasts are declared"
        absent["break_even"] = "nothing was compared"
    results = []
    for one in measured:
        reasons = {"diagnosis": diagnoses[one.id].absent} if diagnoses[one.id].absent else {}
        if one.judged is not None:
            reasons |= {name: said.absent for name, said in one.judged.metrics.items() if said.absent}
        absent |= {f"configurations.{one.id}.{field}": reason for field, reason in reasons.items()}
        metrics, tracks = summarise(questions, scores[one.id], clusters, plan.seed)
        sure = confidence_quality(one, scores[one.id], clusters, fan_out(plan.seed, "confidence"))
        cost, returns = money.costs[one.id], money.returns[one.id]
        results.append(_result(one, metrics, tracks, sure, cost, diagnoses[one.id], returns))
    deployable = [one.id for one in measured if one.arm not in NEEDS_GOLD]
    return Evaluation(
        configurations=tuple(results),
        comparisons=tuple(comparisons),
        track_comparisons=track_comparisons,
        books=books,
        reckoning=money,
        small_sample=_small_sample({name: primary[name].mean(axis=0) for name in deployable}, plan),
        per_question=per_question_rows(questions, measured, scores, money.candidates, diagnoses),
        absent=absent,
    )


def _books(measured: Sequence[Measured], scores: Mapping[str, Scores], clusters: Clusters, plan: Plan) -> Books:
    """The accounts; what was measured of an arm's representative when facts changed holds for the whole arm."""
    known = plan.staleness.configurations if plan.staleness else {}
    stale = {one.arm: known[one.id] for one in measured if one.id in known}
    accounts = tuple(
        account_of(one, scores[one.id], plan.primary_metric, plan.economics, stale.get(one.arm)) for one in measured
    )
    return Books(accounts, clusters, plan.primary_metric, plan.margin, plan.seed)


def _result(
    one: Measured,
    metrics: dict[str, Estimate],
    tracks: dict[str, dict[str, Estimate]],
    sure: ConfidenceQuality | None,
    cost: Cost,
    diagnosis: Diagnosis,
    returns: Roi,
) -> ConfigurationResult:
    return ConfigurationResult(
        id=one.id,
        arm=one.arm,
        inputs=one.inputs,
        params=dict(one.params),
        fingerprint=one.fingerprint,
        selected_on_dev=one.selected_on_dev,
        seeds=len(one.outcomes),
        cross_model=one.cross_model,
        errors=sum(bool(answer.error) for outcome in one.outcomes for answer in outcome.answers),
        metrics=metrics,
        tracks=tracks,
        dev=dict(one.dev),
        judged=_judged(one),
        diagnosis=diagnosis.counts,
        confidence=sure,
        latency=one.latency,
        training_set=one.training_set,
        learnt=dict(one.learnt),
        tokens=_tokens(one),
        cost=cost,
        roi=returns,
        store=one.store,
    )


def _judged(one: Measured) -> dict[str, JudgeQuality]:
    if one.judged is None:
        return {}
    return {
        metric: JudgeQuality(
            judge=one.judged.judge,
            judged=said.judged,
            unparsable=said.unparsable,
            failed=said.failed,
            repeat_sd=said.repeat_sd,
            agreement=said.agreement,
            no_agreement=said.no_agreement,
        )
        for metric, said in one.judged.metrics.items()
        if not said.absent
    }


def summarise(
    questions: Sequence[Question], scores: Scores, clusters: Clusters, seed: int
) -> tuple[dict[str, Estimate], dict[str, dict[str, Estimate]]]:
    """Every metric with its interval, over all questions and by track, over the questions it applies to."""
    everyone = np.ones(len(questions), dtype=bool)
    tracks = sorted({question.track for question in questions if question.track})
    named = {track: np.array([question.track == track for question in questions]) for track in tracks}
    overall = _estimates(scores, everyone, clusters, seed)
    return overall, {track: _estimates(scores, members, clusters, seed) for track, members in named.items()}


def _estimates(scores: Scores, members: NDArray[np.bool_], clusters: Clusters, seed: int) -> dict[str, Estimate]:
    found = {}
    for metric, values in scores.values.items():
        kept = members & scores.applies[metric]
        if kept.any():
            bounds = BOUNDS.get(metric, (0.0, 1.0))
            stream = fan_out(seed, "interval", metric)
            found[metric] = interval(values[:, kept], clusters[kept], seed=stream, bounds=bounds)
    return found


def _tokens(one: Measured) -> Tokens:
    answers = [answer for outcome in one.outcomes for answer in outcome.answers]
    return Tokens(
        input_mean=float(np.mean([answer.prompt_tokens for answer in answers])),
        output_mean=float(np.mean([answer.output_tokens for answer in answers])),
    )


def _small_sample(values: Mapping[str, NDArray[np.float64]], plan: Plan) -> SmallSample | None:
    asked = len(next(iter(values.values()))) if values else 0
    if len(values) < 2 or asked <= 30:
        return None
    return winners_of_small_samples(values, questions=30, seed=fan_out(plan.seed, "small sample"))
