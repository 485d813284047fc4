"""A simulated experiment: ten configurations over the six arms, 160 questions in three tracks, some texts hostile."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from eval.diagnosis import LABELS
from eval.results import (
    ConfidenceQuality,
    ConfigurationResult,
    Cost,
    Estimate,
    FactChange,
    GridAnswer,
    Interval,
    Latency,
    Results,
    Roi,
    Showcase,
    Store,
    Tokens,
)

HOSTILE = (
    "<script>alert(1)</script>",
    '"; alert(2); //',
    "</script><img src=x onerror=alert(3)>",
    "مرحبا \u202eabc\u202c بالعالم",
    "🧪\u2028👩\u200d🔬 & <b>bold</b>",
    "very long " * 500,
)
TRACKS = ("in_training", "only_in_documents", "task")
# id, arm, chosen on dev, seeds, chance of a right answer by track, dollars per 1,000, p50 seconds, training dollars
SIMULATED = (
    ("closed_book", "closed_book", True, 1, (0.05, 0.04, 0.35), 0.021, 0.11, 0.0),
    ("rag-bm25-k3", "rag", False, 1, (0.46, 0.44, 0.38), 0.174, 0.39, 0.0),
    ("rag-dense-k3", "rag", False, 1, (0.52, 0.50, 0.36), 0.181, 0.42, 0.0),
    ("rag-hybrid-k3-rerank", "rag", True, 1, (0.60, 0.58, 0.38), 0.262, 0.71, 0.0),
    ("rag-hybrid-k8", "rag", False, 1, (0.55, 0.54, 0.33), 0.402, 0.94, 0.0),
    ("gold_context", "gold_context", True, 1, (0.70, 0.69, 0.40), 0.118, 0.27, 0.0),
    ("lora-r16", "lora", True, 3, (0.45, 0.08, 0.86), 0.019, 0.10, 3.41),
    ("lora-r16+rag-hybrid-k3", "lora_rag", True, 3, (0.78, 0.66, 0.88), 0.205, 0.44, 3.62),
    ("lora-raft+rag-hybrid-k3", "lora_rag", False, 1, (0.76, 0.68, 0.84), 0.209, 0.45, 7.9),
    ("lora-r16+gold_context", "lora_gold_context", True, 3, (0.84, 0.80, 0.88), 0.101, 0.25, 3.62),
)
PRODUCTS = (
    "Kestrel 400",
    "Heron mini",
    "Osprey Pro",
    "Wren S2",
    "Tern relay",
    "Petrel gateway",
    "Crane arm",
    "Dunlin 7",
)
ASKED = (
    ("How long is the warranty on the {}?", "{} months", (12, 18, 24, 36, 48)),
    ("What does the annual service plan for the {} cost?", "EUR {}", (180, 240, 310, 455, 620)),
    ("Which team owns the {} firmware?", "Platform team {}", (1, 2, 3, 4, 5)),
    ("At which temperature does the {} shut itself down?", "{} °C", (61, 68, 72, 75, 85)),
)


def questions(seed: int = 7, number: int = 160) -> pd.DataFrame:
    """Test questions; the first few carry hostile texts."""
    random = np.random.default_rng(seed)
    rows = []
    for i in range(number):
        template, answer, values = ASKED[i % len(ASKED)]
        product = f"{PRODUCTS[i // len(ASKED) % len(PRODUCTS)]}{'' if i < 32 else f' rev {i // 32 + 1}'}"
        text, expected = template.format(product), answer.format(random.choice(values))
        if 10 <= i < 10 + len(HOSTILE):
            text, expected = f"{text} {HOSTILE[i - 10]}", HOSTILE[i - 10]
        rows.append(
            {
                "question_id": f"q{i:04d}",
                "question": text,
                "expected": [expected, expected.upper()] if i % 40 != 39 else [],
                "track": TRACKS[i % 3],
                "kind": ("single_hop", "numeric", "multi_hop")[i % 3],
                "answerable": i % 40 != 39,
            }
        )
    return pd.DataFrame(rows)


def passage(product: str, i: int) -> str:
    """A passage of a product manual."""
    return (
        f"{product}, service manual, section {i}. The unit is covered by the warranty stated in the price list of its "
        f"region. Firmware is released by the owning team after two weeks of field trials. Above the limit given in "
        f"table {i}.2 the unit shuts itself down and reports code E{i:03d} to the gateway."
    )


def answers(asked: pd.DataFrame, seed: int = 7) -> pd.DataFrame:
    """One row for each configuration, seed and question, right or wrong by the simulated chances."""
    random = np.random.default_rng(seed)
    difficulty = random.normal(0, 0.12, len(asked))
    rows: list[dict[str, Any]] = []
    for name, arm, _, seeds, chances, per_1k, _, _ in SIMULATED:
        for run in range(seeds):
            for i, question in enumerate(asked.to_dict("records")):
                right = random.random() < chances[TRACKS.index(question["track"])] + difficulty[i]
                rows.append(
                    {"configuration": name, "seed": run} | question | outcome(random, arm, i, question, right, per_1k)
                )
    return pd.DataFrame(rows)


def outcome(random: Any, arm: str, i: int, question: dict[str, Any], right: bool, per_1k: float) -> dict[str, Any]:
    """The outcome columns and the metrics of one row."""
    reads = 0 if arm in ("closed_book", "lora") else 1 if "gold" in arm else 3
    failed = arm == "rag" and i == 77
    expected = question["expected"][0] if question["expected"] else "I do not know."
    wrong = f"The documents give {random.integers(2, 90)} for this." if reads else f"About {random.integers(2, 90)}"
    if 10 <= i < 10 + len(HOSTILE):
        wrong = HOSTILE[i - 10]
    right = right and not failed
    lost = lost_at(arm, i, question["answerable"], right, failed)
    partial = 0.0 if right else round(float(random.choice([0, 0, 0.25, 0.4])), 2)
    return {
        "answer": "" if failed else expected if right else wrong,
        "passages": [passage(PRODUCTS[(i + k) % len(PRODUCTS)], i % 30 + k) for k in range(reads)],
        "passage_ids": [f"manual-{(i + k) % len(PRODUCTS)}#{i % 30 + k}" for k in range(reads)],
        "prompt_tokens": 48 + 110 * reads + len(question["question"]) // 5,
        "output_tokens": 6,
        "usd": per_1k / 1000 * random.uniform(0.8, 1.2),
        "error": "TimeoutError: no answer within 60 s" if failed else "",
        "lost_at": lost,
        "f1": 1.0 if right else partial,
        "correct": float(right),
        "abstained": float(lost == "wrongly_abstained" or (right and not question["answerable"])),
        "exact_match": float(right),
        "contains": float(right or partial > 0.3),
        "recall_at_5": None if reads == 0 else float(random.random() < 0.9),
    }


def lost_at(arm: str, i: int, answerable: bool, right: bool, failed: bool) -> str:
    """Where an answer was lost: the stages of its arm in turn."""
    if right or failed or not answerable:
        return "right" if right else "failed" if failed else "answered_though_unanswerable"
    read = ("in_context_but_not_read", "in_context_but_not_read", "wrongly_abstained")
    found = ("not_retrieved", "dropped_after_retrieval", "not_retrieved", "cut_by_chunking", "not_in_corpus")
    stages = (*found, *read) if "rag" in arm else read if "gold" in arm else ("from_memory", "wrongly_abstained")
    return stages[i % 11 % len(stages)]


def estimate(values: pd.Series) -> Estimate:
    """Mean with a normal interval: close enough for a picture."""
    mean, half = values.mean(), 1.96 * values.std() / len(values) ** 0.5
    return Estimate(mean=mean, low=max(0, mean - half), high=min(1, mean + half), n=len(values), method="bootstrap BCa")


def interval(value: float, spread: float = 0.06) -> Interval:
    """A value with a symmetric relative interval."""
    return Interval(value=value, low=value * (1 - spread), high=value * (1 + spread))


def configuration(row: tuple[Any, ...], frame: pd.DataFrame) -> ConfigurationResult:
    """The judged configuration of one line of ``SIMULATED``."""
    name, arm, chosen, seeds, _, per_1k, p50, train = row
    own = (
        frame[frame["configuration"] == name]
        .groupby(["question_id", "track"], as_index=False)[["f1", "correct"]]
        .mean()
    )
    metrics = {metric: estimate(own[metric]) for metric in ("f1", "correct")}
    tracks = {t: {m: estimate(own.loc[own["track"] == t, m]) for m in ("f1", "correct")} for t in TRACKS}
    inputs = (
        ("documents",) * ("rag" in arm) + ("training pairs",) * ("lora" in arm) + ("gold passages",) * ("gold" in arm)
    )
    labels = frame.loc[frame["configuration"] == name, "lost_at"].value_counts()
    net = metrics["correct"].mean * 60_000 - 21_000
    return ConfigurationResult(
        id=name,
        arm=arm,
        inputs=inputs or ("nothing",),
        params={"seed": 7},
        fingerprint=f"sha256:{name}",
        selected_on_dev=chosen,
        seeds=seeds,
        errors=1 if arm == "rag" else 0,
        metrics=metrics,
        tracks=tracks,
        diagnosis={label: int(labels[label]) for label in LABELS if label in labels},
        confidence=ConfidenceQuality(
            auroc=Estimate(mean=0.74, low=0.66, high=0.81, n=40, method="percentile"),
            calibration_error=0.08,
            risk_coverage_area=0.31,
            correct_of_surest_half=0.77,
        )
        if arm == "rag"
        else None,
        latency=Latency(n=20, p50=interval(p50, 0.12)),
        tokens=Tokens(input_mean=60 + 110 * (per_1k > 0.1), output_mean=7.4),
        cost=Cost(
            index_usd=0.021 if "rag" in arm else 0.0,
            train_usd=train,
            per_1k_questions_usd=interval(per_1k),
            hosting_usd_month=0.0,
            per_correct_usd=interval(per_1k / 1000 / max(0.05, metrics["correct"].mean)),
        ),
        roi=Roi(
            baseline="no_system",
            horizon_months=24,
            benefit_usd=interval(net + 4000, 0.1),
            cost_usd=interval(4000, 0.05),
            net_usd=Interval(value=net, low=net - 3900, high=net + 3900),
            ratio=interval(net / 4000, 0.15) if net > 0 else None,
            payback_months=interval(3.2, 0.2) if net > 0 else None,
        )
        if chosen and "gold" not in arm
        else None,
        store=Store(hits=12, misses=3),
    )


def grid_answers(frame: pd.DataFrame, question_id: str) -> tuple[GridAnswer, ...]:
    """What each representative answered to one question, first seed."""
    cells = []
    for name, arm, chosen, *_ in SIMULATED:
        if not chosen:
            continue
        row = frame[
            (frame["configuration"] == name) & (frame["question_id"] == question_id) & (frame["seed"] == 0)
        ].iloc[0]
        cells.append(
            GridAnswer(
                arm=arm,
                configuration=name,
                answer=row["answer"],
                correct=row["correct"] == 1,
                usd=row["usd"],
                passages=tuple(row["passages"]),
            )
        )
    return tuple(cells)


def fact_change(cells: tuple[GridAnswer, ...]) -> FactChange:
    """A price changes: arms that read the documents follow, tuned weights alone do not."""
    before = {"rag": "EUR 455", "gold_context": "EUR 455", "lora": "EUR 455", "closed_book": "About EUR 100"}
    after = before | {"rag": "EUR 490", "gold_context": "EUR 490"}

    def said(texts: dict[str, str], expected: str, default: str) -> tuple[GridAnswer, ...]:
        answered = ((cell, texts.get(cell.arm, default)) for cell in cells)
        return tuple(cell.model_copy(update={"answer": text, "correct": text == expected}) for cell, text in answered)

    return FactChange(
        question="What does the annual service plan for the Osprey Pro cost?",
        before="EUR 455",
        after="EUR 490",
        answers_before=said(before, "EUR 455", "EUR 455"),
        answers_after=said(after, "EUR 490", "EUR 490"),
    )


def simulated_experiment(seed: int = 7, number: int = 160) -> tuple[Results, pd.DataFrame]:
    """A whole experiment and the frame of ``per_question.parquet``; what is fixed in it stands in JSON."""
    asked = questions(seed, number)
    frame = answers(asked, seed)
    cells = grid_answers(frame, "q0002")
    parts = json.loads((Path(__file__).parent / "simulated.json").read_text(encoding="utf-8"))
    parts["dataset"]["questions"]["test"] = number
    parts["dataset"]["tracks"] = {track: int((asked["track"] == track).sum()) for track in TRACKS}
    first = asked.iloc[2]
    parts |= {
        "seed": seed,
        "configurations": [configuration(row, frame) for row in SIMULATED],
        "showcase": Showcase(
            question_id=first["question_id"],
            question=first["question"],
            expected=first["expected"][0],
            track=first["track"],
            answers=cells,
        ),
        "fact_change": fact_change(cells),
        "forgetting": {"lora-r16": {"before": estimate(frame["contains"]), "after": estimate(frame["f1"])}},
    }
    return Results.model_validate(parts), frame


@pytest.fixture(scope="module")
def experiment() -> tuple[Results, pd.DataFrame]:
    """The simulated experiment, built once a module."""
    return simulated_experiment()
