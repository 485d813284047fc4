"""The table behind every number: one row for each configuration, seed and test question."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from eval.diagnosis import Diagnosis
from eval.economics.candidate import Candidate
from eval.measured import Measured
from eval.per_question import COLUMNS
from eval.scores import Scores
from pipelines.records import Question

if TYPE_CHECKING:
    import pandas as pd


def per_question_rows(
    questions: Sequence[Question],
    measured: Sequence[Measured],
    scores: Mapping[str, Scores],
    candidates: Mapping[str, Candidate],
    diagnoses: Mapping[str, Diagnosis],
) -> "pd.DataFrame":
    """Columns of ``eval.per_question``, then one for each metric, null where it does not apply."""
    import pandas as pd

    rows = []
    for one in measured:
        for seed, outcome in enumerate(one.outcomes):
            for index, question in enumerate(questions):
                answer, context = outcome.answers[index], outcome.contexts[index]
                row: dict[str, Any] = {
                    "configuration": one.id,
                    "seed": seed,
                    "question_id": question.id,
                    "question": question.text,
                    "expected": list(question.answers),
                    "track": question.track,
                    "kind": question.kind,
                    "answerable": question.answerable,
                    "answer": answer.text,
                    "confidence": answer.confidence,
                    "passages": [chunk.text for chunk in context.chunks],
                    "passage_ids": [chunk.id for chunk in context.chunks],
                    "prompt_tokens": answer.prompt_tokens,
                    "output_tokens": answer.output_tokens,
                    "usd": float(_at(candidates[one.id].usd, seed, index)),
                    "error": answer.error,
                    "lost_at": diagnoses[one.id].at(seed, index),
                }
                table = scores[one.id]
                for metric, values in table.values.items():
                    row[metric] = float(_at(values, seed, index)) if table.applies[metric][index] else None
                rows.append(row)
    frame = pd.DataFrame(rows)
    metrics = [name for name in frame.columns if name not in COLUMNS]
    return frame.astype(dict.fromkeys(["confidence", *metrics], "float64"))


def _at(values: Any, seed: int, index: int) -> Any:
    return values[min(seed, len(values) - 1), index]
