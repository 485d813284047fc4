"""Every answer to every test question, compact enough to travel inside the page.

Rows are columns of equal length; questions and passages stand once and rows point to them. Where the whole does not
fit, texts are cut first, then further seeds left out, then questions, and ``notice`` tells the reader.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from eval.numbers import count
from eval.per_question import COLUMNS
from eval.report.embed import embedded_json
from eval.report.losses import LOSSES
from eval.results import Results

if TYPE_CHECKING:
    import pandas as pd
    from markupsafe import Markup

BUDGET: Final = 7_000_000
"""Bytes of embedded answers; the page around them is well under one megabyte, so a report stays below 8 MB."""
_PLANS: Final = ((None, True), (2000, True), (800, True), (800, False), (300, False), (80, False))
"""(characters a text is cut to, all seeds kept), tried in this order."""


def embedded_answers(results: Results, per_question: pd.DataFrame, budget: int = BUDGET) -> Markup:
    """The answers as embedded JSON of at most ``budget`` bytes. ``per_question``: columns of ``eval.per_question``,
    then one column a metric."""
    asked = per_question["question_id"].nunique()
    share = 1
    while True:
        for characters, all_seeds in _PLANS if share == 1 else _PLANS[-1:]:
            data = _pack(results, _part(per_question, all_seeds, math.ceil(asked / share)), characters)
            data["notice"] = _notice(characters, all_seeds, len(data["questions"]["id"]), asked)
            text = embedded_json(data)
            if len(text.encode("utf-8", errors="replace")) <= budget or len(data["questions"]["id"]) <= 1:
                return text
        share *= 2


def _part(frame: pd.DataFrame, all_seeds: bool, questions: int) -> pd.DataFrame:
    if not all_seeds:
        frame = frame[frame["seed"] == frame.groupby("configuration")["seed"].transform("min")]
    return frame[frame["question_id"].isin(frame["question_id"].unique()[:questions])]


def _notice(characters: int | None, all_seeds: bool, kept: int, asked: int) -> str:
    parts = []
    if characters is not None:
        parts.append(f"texts are cut to {count(characters)} characters")
    if not all_seeds:
        parts.append("only the first seed of each configuration is listed")
    if kept < asked:
        parts.append(f"{count(kept)} of {count(asked)} questions are listed")
    if not parts:
        return ""
    return f"To keep this file small, {', '.join(parts)}; everything is in per_question.parquet."


def _pack(results: Results, frame: pd.DataFrame, characters: int | None) -> dict[str, Any]:
    questions = frame.drop_duplicates("question_id")
    known = [c.id for c in results.configurations]
    present = set(frame["configuration"])
    configurations = [i for i in known if i in present] + sorted(present - set(known))
    metrics = [column for column in frame.columns if column not in COLUMNS]
    passages, pointers = _passages(frame, characters)
    question_index = {identifier: i for i, identifier in enumerate(questions["question_id"])}
    lost = frame["lost_at"].tolist() if "lost_at" in frame.columns else [None] * len(frame)
    stages = [label for label in LOSSES if label in lost]
    configuration_index = {identifier: i for i, identifier in enumerate(configurations)}
    return {
        "configurations": configurations,
        "arms": {c.arm: configuration_index.get(c.id, -1) for c in results.configurations if c.selected_on_dev},
        "primary": results.primary_metric,
        "stages": stages,
        "stageNames": [LOSSES[label][0] for label in stages],
        "questions": {
            "id": questions["question_id"].tolist(),
            "text": [_cut(text, characters) for text in questions["question"]],
            "expected": [[_cut(text, characters) for text in _items(value)] for value in questions["expected"]],
            "track": questions["track"].tolist(),
            "kind": questions["kind"].tolist(),
            "answerable": [int(value) for value in questions["answerable"]],
        },
        "passages": passages,
        "rows": {
            "configuration": [configuration_index[value] for value in frame["configuration"]],
            "seed": [int(value) for value in frame["seed"]],
            "question": [question_index[value] for value in frame["question_id"]],
            "answer": [_cut(_text(value), characters) for value in frame["answer"]],
            "passages": pointers,
            "input": [int(value) for value in frame["prompt_tokens"]],
            "output": [int(value) for value in frame["output_tokens"]],
            "usd": [_rounded(value, 6) for value in frame["usd"]],
            "error": [_cut(_text(value), characters) for value in frame["error"]],
            "lost": [stages.index(label) if label in stages else -1 for label in lost] if stages else [],
            "metrics": {name: [_rounded(value, 4) for value in frame[name]] for name in metrics},
        },
    }


def _passages(frame: pd.DataFrame, characters: int | None) -> tuple[list[list[str]], list[list[int]]]:
    """Every different passage once as [id, text], and for each row the places of its own."""
    places: dict[tuple[str, str], int] = {}
    pointers = []
    for texts, ids in zip(frame["passages"], frame["passage_ids"], strict=True):
        row = [(identifier, text) for identifier, text in zip(_items(ids), _items(texts), strict=True)]
        pointers.append([places.setdefault(passage, len(places)) for passage in row])
    return [[identifier, _cut(text, characters)] for identifier, text in places], pointers


def _items(value: Iterable[str] | None) -> list[str]:
    return [] if value is None else list(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _cut(text: str, characters: int | None) -> str:
    if characters is None or len(text) <= characters:
        return text
    return f"{text[:characters]}\N{HORIZONTAL ELLIPSIS} ({count(len(text) - characters)} more characters)"


def _rounded(value: Any, digits: int) -> float | None:
    """``value`` to so many significant digits; None for null."""
    if value is None or value != value:
        return None
    number = float(f"{float(value):.{digits}g}")
    return int(number) if number.is_integer() else number
