"""Does a signal know which answers are right? Otter, a probe, the answer's own probability and a reward model.

    python benchmarks/otter_signal.py [--train 160] [--samples 2] [--depth 2] [--variants otter probe ...]

On the built-in dataset the embedded model answers from the passages that BM25 finds (plain prompt). The answers to
train questions, greedy and drawn, are judged by their references; each intervention learns from them and is calibrated
on the greedy answers to dev; test is read once, greedy answers only. An answer counts as right where it holds an
accepted one (``contains``), so questions without an answer are left out, and tasks of form. Every variant in
``VARIANTS`` is shown; of Otter's the one of least log loss on dev is the one to quote. All are measured on the same
test answers.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from eval.confidence import auroc_interval
from eval.metrics.confidence import calibration_error, risk_coverage
from eval.metrics.contains import contains
from eval.statistics import clusters_by_gold
from pipelines.corpus import datasets
from pipelines.corpus.sampling import spread
from pipelines.finetuning.preference.sampling import sample_answers
from pipelines.generation.interventions import Judged, Judgements, interventions
from pipelines.generation.models.embedded import EmbeddedLanguageModel, embedded
from pipelines.generation.prompts import PLAIN, render
from pipelines.pre_retrieval.chunking import chunkers
from pipelines.records import Context, Prompt, Question
from pipelines.retrieval import retrievers

LENGTH, SEED = 24, 1
VARIANTS: dict[str, dict[str, Any]] = {
    "otter": {"kind": "otter"},
    "otter, head alone": {"kind": "otter", "epochs": 0},
    "otter, pairwise": {"kind": "otter", "objective": "pairwise"},
    "otter, whole answers only": {"kind": "otter", "beginnings": 0.0, "tokens": 0.0},
    "otter, random beginning": {"kind": "otter", "begin": "random"},
    "probe": {"kind": "probe"},
    "probability, mean": {"kind": "probability"},
    "probability, least": {"kind": "probability", "over": "least"},
    "reward_model": {"kind": "reward_model"},
}


def prompts(model: Any, questions: Sequence[Question], dataset: Any, depth: int) -> list[Prompt]:
    """Each question behind the passages that BM25 finds for it."""
    chunks = chunkers.build(chunkers.parse("recursive"))(dataset.documents)
    by_id = {chunk.id: chunk for chunk in chunks}
    retriever = retrievers.build(retrievers.parse("bm25"), dataset.language)
    with TemporaryDirectory() as folder:
        retriever.build(chunks, Path(folder))
        hits = retriever.open(chunks, Path(folder), [])([question.text for question in questions], depth)
    contexts = [Context(tuple(by_id[name] for name in one.chunk_ids)) for one in hits]
    return [render(PLAIN, model, [], q, context) for q, context in zip(questions, contexts, strict=True)]


def judged(model: Any, questions: Sequence[Question], dataset: Any, samples: int, depth: int) -> list[Judged]:
    """Every different answer to each question: the greedy one first, then those that are drawn."""
    asked = prompts(model, questions, dataset, depth)
    greedy = dict(model.generate(asked, LENGTH))
    drawn: list[list[Any]] = [[] for _ in asked]
    if samples:
        texts = [prompt.text for prompt in asked]
        drawn = sample_answers(model, texts, samples=samples, temperature=1.0, max_new_tokens=LENGTH, seed=SEED)
    rows = []
    for place, (question, prompt) in enumerate(zip(questions, asked, strict=True)):
        for number, text in enumerate(dict.fromkeys([greedy[place].text, *(one.text for one in drawn[place])])):
            label = contains(text, question.answers, True)
            if label is not None:
                rows.append(Judged(prompt.text, text, label, question.id, greedy=number == 0))
    return rows


def row(
    name: str, confidence: Sequence[float], right: Sequence[bool], questions: Sequence[Question], took: dict[str, float]
) -> str:
    """One line of the table."""
    curve = risk_coverage(confidence, right)
    area = auroc_interval(np.array([confidence]), np.array([right]), clusters_by_gold(questions), SEED)
    figures = (
        "" if area is None else f"{area.mean:.3f} ({area.low:.3f} to {area.high:.3f})",
        f"{calibration_error(confidence, right):.3f}",
        f"{curve.area:.3f}",
        f"{curve.accuracy_at(0.2):.2f}",
        f"{curve.accuracy_at(0.5):.2f}",
        f"{took['log_loss']:.3f}",
        f"{took['parameters']:,.0f}",
        f"{took['seconds']:.0f}",
    )
    return f"| {name} | {' | '.join(figures)} |"


def main() -> None:
    """Print the table; write the confidences beside it where a folder is given."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--train", type=int, default=160)
    parser.add_argument("--samples", type=int, default=2)
    parser.add_argument("--depth", type=int, default=2, help="passages in front of a question")
    parser.add_argument("--variants", nargs="*", default=list(VARIANTS), choices=VARIANTS)
    parser.add_argument("--set", default="{}", help="fields of otter, as JSON")
    parser.add_argument("--test", type=int, default=None)
    given = parser.parse_args()
    dataset = datasets.build(datasets.parse("builtin"))()
    model: Any = embedded(EmbeddedLanguageModel())
    tasks = {question.kind for question in dataset.questions if question.track == "task"}
    sides = {
        split: [q for q in dataset.split(split) if q.answerable and q.answers and q.kind not in tasks]
        for split in ("train", "dev", "test")
    }
    train = judged(model, spread(sides["train"], given.train, SEED), dataset, given.samples, given.depth)
    dev = judged(model, sides["dev"], dataset, given.samples, given.depth)
    questions = spread(sides["test"], given.test or len(sides["test"]), SEED)
    asked = prompts(model, questions, dataset, given.depth)
    shares = [sum(one.label for one in rows) / len(rows) for rows in (train, dev)]
    print(f"answers of train {len(train)} ({shares[0]:.0%} right), of dev {len(dev)} ({shares[1]:.0%} right)")
    head = "signal | AUROC | ECE | AURC | right at 20 % | at 50 % | log loss on dev | parameters | seconds to learn"
    print(f"| {head} |\n|---|{'---:|' * 8}", flush=True)
    for name in given.variants:
        config = VARIANTS[name]
        more = json.loads(given.set) if config["kind"] == "otter" else {}
        intervention = interventions.build(interventions.parse({**config, **more}))
        with TemporaryDirectory() as folder:
            took = dict(intervention.fit(model.subject(), Judgements(train, dev, SEED), Path(folder)))
            answers = dict(model.with_intervention(intervention, Path(folder)).generate(asked, LENGTH))
        found = [answers[place] for place in range(len(asked))]
        right = [bool(contains(one.text, q.answers, True)) for one, q in zip(found, questions, strict=True)]
        print(row(name, [one.confidence or 0.0 for one in found], right, questions, took), flush=True)
    print(f"\ntest answers: {len(right)}, right: {sum(right)}")


if __name__ == "__main__":
    main()
