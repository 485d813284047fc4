"""The judge measured on what people labelled, for each quality apart."""

from collections.abc import Sequence

from eval.judging.agreement import agreement
from eval.judging.config import JudgeConfig, Metric
from eval.judging.conversations import Progress, hold
from eval.judging.judge import Judge
from eval.judging.labelled import CalibrationRow, PreferenceRow, read_calibration
from eval.judging.metrics import Sample, conversations, without_asking
from eval.judging.preference import MOST_UNPARSABLE, preference_agreement
from eval.judging.results import Agreement, Calibration, JudgeUsage
from eval.scores import Embed
from eval.statistics.seeds import fan_out
from pipelines.errors import UserError


def calibrate(
    config: JudgeConfig, judge: Judge, embed: Embed | None, seed: int, progress: Progress | None = None
) -> Calibration:
    """How far ``judge`` agrees with people on each of ``config.metrics``, and on preferences where the file has any.
    Raises ``UserError`` for a file that cannot be read, and for a row that lacks what its quality reads."""
    if config.calibration is None:
        reason = "the judge was not measured against people: no calibration file is given"
        return Calibration(judge=judge.name, absent=dict.fromkeys(config.metrics, reason))
    rows = read_calibration(config.calibration)
    preferences = [row for row in rows if isinstance(row, PreferenceRow)]
    graded = [row for row in rows if isinstance(row, CalibrationRow)]
    preference = preference_agreement(judge, preferences, seed=seed, progress=progress) if preferences else None
    found: dict[str, Agreement] = {}
    absent: dict[str, str] = {}
    usage = preference.usage if preference else JudgeUsage()
    for metric in config.metrics:
        own = [row for row in graded if row.quality == metric]
        result, used = _measure(metric, own, config, judge, embed, seed, progress)
        usage += used
        if isinstance(result, Agreement):
            found[metric] = result
        else:
            absent[metric] = result
    return Calibration(judge=judge.name, agreement=found, absent=absent, preference=preference, usage=usage)


def _measure(
    metric: Metric,
    rows: Sequence[CalibrationRow],
    config: JudgeConfig,
    judge: Judge,
    embed: Embed | None,
    seed: int,
    progress: Progress | None,
) -> tuple[Agreement | str, JudgeUsage]:
    if not rows:
        return f"the calibration file has no row of quality {metric}", JudgeUsage()
    if metric == "answer_relevancy" and embed is None:
        return "answer relevancy needs an embedder", JudgeUsage()
    seen = [Sample(row.question, row.answer, row.contexts, row.reference) for row in rows]
    for number, sample in enumerate(seen, start=1):
        if without_asking(metric, sample) is not None:
            raise UserError(f"{config.calibration}, {metric} row {number}: a field that the metric reads is empty")
    judgements, usage = hold(conversations(metric, seen, embed), judge, config.max_new_tokens, progress)
    values = [one.value for one in judgements]
    lost = sum(value is None for value in values)
    if lost > MOST_UNPARSABLE * len(rows):
        return f"{lost} of {len(rows)} calibration rows have no readable judgement, more than 5 %", usage
    votes = [row.votes for row in rows]
    return agreement(values, votes, seed=fan_out(seed, "kappa", metric)), usage
