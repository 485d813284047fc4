"""From answers to judged scores."""

from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np

from eval.judging.calibration import calibrate
from eval.judging.config import METRICS, JudgeConfig, Metric
from eval.judging.conversations import Conversation, Progress, hold
from eval.judging.judge import judge_from
from eval.judging.metrics import (
    Judgement,
    Sample,
    applies,
    conversations,
    reads_contexts,
    samples,
    without_asking,
)
from eval.judging.preference import MOST_UNPARSABLE
from eval.judging.results import Calibration, Judged, JudgedMetric, JudgeUsage
from eval.scores import Embed
from eval.statistics.seeds import fan_out
from pipelines.records import Answer, Context, Question

NO_JUDGE = "no judge is configured"


def judge(
    questions: Sequence[Question],
    answers: Sequence[Answer],
    contexts: Sequence[Context],
    config: JudgeConfig | None,
    model: Any,
    embed: Embed | None,
    seed: int,
    progress: Progress | None = None,
    *,
    calibration: Calibration | None = None,
) -> Judged:
    """Judge one configuration's answers. ``model`` is anything that ``judge_from`` takes, or None for no judge.

    All metrics, questions and repeats are asked together, so a local model works in full batches. Give the
    ``calibration`` of an earlier call to measure the judge once for many configurations. The same questions are drawn
    for every configuration. Raises ``ValueError`` where the sequences differ in length, and what the judge raises.
    """
    if config is None or model is None:
        absent = JudgedMetric(absent=NO_JUDGE)
        return Judged(judge="", metrics=dict.fromkeys(config.metrics if config else METRICS, absent))
    who, seen = judge_from(model, form=config.form), samples(questions, answers, contexts)
    usage = JudgeUsage()
    if calibration is None:
        calibration = calibrate(config, who, embed, seed, progress)
        usage += calibration.usage
    drawn = _drawn(questions, config.sample, seed)
    reasons = {metric: _not_judged(metric, [seen[row] for row in drawn], embed) for metric in config.metrics}
    asking: dict[Metric, list[int]] = {
        metric: [row for row in drawn if applies(metric, seen[row]) and without_asking(metric, seen[row]) is None]
        for metric in config.metrics
        if not reasons[metric]
    }
    begun: list[Conversation[Judgement]] = []
    for metric, rows in asking.items():
        for repeat in range(config.repeats):
            begun += conversations(metric, [seen[row] for row in rows], embed, repeat=repeat, seed=seed)
    held, used = hold(begun, who, config.max_new_tokens, progress)
    answered = iter(held)
    metrics: dict[str, JudgedMetric] = {}
    for metric in config.metrics:
        if reasons[metric]:
            metrics[metric] = JudgedMetric(absent=reasons[metric])
            continue
        rows = asking[metric]
        table = [[next(answered) for _ in rows] for _ in range(config.repeats)]
        metrics[metric] = _judged(metric, seen, drawn, rows, table, calibration)
    return Judged(judge=who.name, metrics=metrics, preference=calibration.preference, usage=usage + used)


def _drawn(questions: Sequence[Question], most: int | None, seed: int) -> list[int]:
    everyone = range(len(questions))
    if most is None or most >= len(questions):
        return list(everyone)
    return sorted(Random(fan_out(seed, "judged questions")).sample(everyone, most))


def _not_judged(metric: Metric, seen: Sequence[Sample], embed: Embed | None) -> str:
    """Why a metric cannot be judged for this configuration at all, if so."""
    if metric == "answer_relevancy" and embed is None:
        return "answer relevancy needs an embedder"
    if reads_contexts(metric) and not any(sample.contexts for sample in seen):
        return "this configuration reads no passages"
    if not any(applies(metric, sample) for sample in seen):
        return "no judged question has an accepted answer"
    return ""


def _judged(
    metric: Metric,
    seen: Sequence[Sample],
    drawn: Sequence[int],
    rows: Sequence[int],
    table: Sequence[Sequence[Judgement]],
    calibration: Calibration,
) -> JudgedMetric:
    """``table[repeat][i]`` is a judgement of question ``rows[i]``. The first asking gives the values."""
    values: list[float | None] = [None] * len(seen)
    judged = [row for row in drawn if applies(metric, seen[row])]
    for row in judged:
        values[row] = without_asking(metric, seen[row])
    for row, judgement in zip(rows, table[0], strict=True):
        values[row] = judgement.value
    problems = [one for one in table[0] if one.problem]
    known = any(values[row] is not None for row in judged)
    absent = ""
    if len(problems) > MOST_UNPARSABLE * len(judged):
        absent = f"{len(problems)} of {len(judged)} judgements cannot be read, more than {MOST_UNPARSABLE:.0%}"
    elif not known:
        absent = "the judge found no statement to check in any answer"
    return JudgedMetric(
        values=() if absent else tuple(values),
        judged=len(judged),
        unparsable=sum(not one.failed for one in problems),
        failed=sum(one.failed for one in problems),
        undefined=sum(one.value is None and not one.problem for one in table[0]),
        problem=problems[0].problem if problems else "",
        repeat_sd=None if absent else _repeat_sd(table),
        agreement=calibration.agreement.get(metric),
        no_agreement=calibration.absent.get(metric, ""),
        absent=absent,
    )


def _repeat_sd(table: Sequence[Sequence[Judgement]]) -> float | None:
    """``sqrt(sum of squared deviations from each question's mean / degrees of freedom)`` over questions that were
    judged at least twice; None where there are none."""
    squares, freedom = 0.0, 0
    for repeats in zip(*table, strict=True):
        known = [one.value for one in repeats if one.value is not None]
        if len(known) > 1:
            squares += float(np.square(np.subtract(known, np.mean(known))).sum())
            freedom += len(known) - 1
    return (squares / freedom) ** 0.5 if freedom else None
