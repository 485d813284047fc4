"""Judged metrics: a language model reads answers and passages, through ragas; and how far that judge can be trusted."""

from eval.judging.calibration import calibrate
from eval.judging.config import METRICS, JudgeConfig, Metric
from eval.judging.judge import Judge, judge_from
from eval.judging.labelled import CalibrationRow, PreferenceRow, read_calibration
from eval.judging.metrics import calls_per_question
from eval.judging.preference import preference_agreement
from eval.judging.results import Agreement, Calibration, Judged, JudgedMetric, JudgeUsage, PreferenceAgreement
from eval.judging.scoring import judge

__all__ = [
    "METRICS",
    "Agreement",
    "Calibration",
    "CalibrationRow",
    "Judge",
    "JudgeConfig",
    "JudgeUsage",
    "Judged",
    "JudgedMetric",
    "Metric",
    "PreferenceAgreement",
    "PreferenceRow",
    "calibrate",
    "calls_per_question",
    "judge",
    "judge_from",
    "preference_agreement",
    "read_calibration",
]
