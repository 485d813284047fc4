"""The columns of ``per_question.parquet``: one row for each configuration, seed and test question."""

from typing import Final

KEYS: Final = ("configuration", "seed", "question_id")
DESCRIPTION: Final = ("question", "expected", "track", "kind", "answerable")
"""``expected`` lists every accepted answer, preferred one first."""
OUTCOME: Final = (
    *("answer", "confidence", "passages", "passage_ids", "prompt_tokens", "output_tokens", "usd", "error", "lost_at"),
)
"""``passages`` are the texts the model was given, in reading order; ``confidence`` is null where
nothing gives one; ``usd`` is the marginal cost of this question;
``lost_at`` is one of ``eval.diagnosis.LABELS``, null where the answer was not diagnosed."""
COLUMNS: Final = KEYS + DESCRIPTION + OUTCOME
"""Every further column is a metric, one float per row; a metric that does not apply to a question is null."""
