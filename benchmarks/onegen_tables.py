"""OneGen against pipelines of the same tuned model with separate retrievers, and against its own ablations.

    python benchmarks/onegen_tables.py builtin [--seeds 3] [--set epochs=3 max_steps=200]
    python benchmarks/onegen_tables.py nq_open_oracle

Trainings are kept below ``--work``, so a stopped run goes on. Questions with a gold passage are asked, one by one; the
arms take turns at every question, so that what else the machine does falls on all of them. F1 and recall are means with
95 % intervals over questions (and seeds, where there are several); prints Markdown.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import yaml

from assay.fingerprint import fingerprint
from assay.labels import labelled
from assay.tables import markdown_table
from eval.leakage import without_leaks
from eval.metrics.f1 import f1
from eval.statistics import clusters_by_gold, compare_family, interval
from eval.statistics.seeds import fan_out
from pipelines.corpus import datasets
from pipelines.corpus.sampling import spread
from pipelines.generation import language_models
from pipelines.generation.prompts import PromptTemplate, choose_examples, render
from pipelines.learning import Labelled, Material
from pipelines.pre_retrieval.chunking import chunkers
from pipelines.pre_retrieval.enrichment.title import titled
from pipelines.records import Chunk, Context, Question
from pipelines.retrieval import Search, retrievers
from pipelines.retrieval.onegen import OneGenSearch
from pipelines.retrieval.onegen.sequences import asked, read
from pipelines.retrieval.writing import Budget

ROOT = Path(__file__).parents[1]
SETS: dict[str, tuple[dict[str, Any], str]] = {
    "builtin": ({"kind": "builtin"}, "recursive"),
    "nq_open_oracle": ({"kind": "beir", "folder": str(ROOT.parent / "shared/data/nq_open_oracle")}, "whole_document"),
}
TUNED_MINILM: dict[str, Any] = {
    "kind": "mafin",
    "weight": 0.0,
    "index": "exact",
    "augmenter": {"layers": 6},
    "queries_per_step": 16,
}
"""All six layers, tuned alone: the black box it could stand beside has no weight."""
PUBLISHED = {"loss": "bpr", "sequence_norm": True}
PROMPT = PromptTemplate(name="completion_2", examples=2)
BUDGET = Budget(searches=5, depth=1, max_new_tokens=32)
DEPTH = 5


@dataclass(frozen=True)
class Bench:
    """One dataset, cut into chunks; ``asked`` are the test questions that have a supporting chunk."""

    name: str
    chunks: list[Chunk]
    train: tuple[Question, ...]
    labels: tuple[tuple[Labelled, ...], tuple[Labelled, ...]]
    asked: tuple[tuple[Question, Labelled], ...]

    @classmethod
    def load(cls, name: str, questions: int) -> "Bench":
        config, chunker = SETS[name]
        dataset, _ = without_leaks(datasets.build(datasets.parse(config))())
        chunks = titled(chunkers.build(chunkers.parse(chunker))(dataset.documents), dataset.documents)
        train, dev, test = (dataset.split(split) for split in ("train", "dev", "test"))
        pairs = [(question, *labelled([question], chunks)) for question in spread(test, len(test), 0)]
        supported = [pair for pair in pairs if len(pair) == 2]
        chosen = {question.id for question in spread([question for question, _ in supported], questions, 0)}
        asked_for = tuple(pair for pair in supported if pair[0].id in chosen)
        return cls(name, chunks, train, (labelled(train, chunks), labelled(dev, chunks)), asked_for)

    def material(self, seed: int) -> Material:
        return Material(self.chunks, *self.labels, fan_out(seed, "learning") % 2**32)


@dataclass(frozen=True)
class One:
    """What an arm gave for one question. ``encodings`` are forward passes of a separate encoder."""

    text: str
    ranking: tuple[str, ...]
    passes: int
    encodings: int
    tokens: int
    seconds: float
    searches: int = 1


Arm = Callable[[Question], One]


def opened(bench: Bench, settings: Mapping[str, Any], seed: int, folder: Path) -> Search:
    """A retriever, trained and indexed below ``folder`` where that has not been done."""
    retriever: Any = retrievers.build(retrievers.parse(dict(settings)), "en")
    done = folder / "measured.json"
    if not done.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        measured: dict[str, float] = {}
        if getattr(retriever, "learns", False):
            parts = [opened(bench, part.model_dump(), seed, folder / "part") for part in retriever.parts]
            started = perf_counter()
            measured = dict(retriever.learn(bench.material(seed), parts, folder, _show(str(folder))))
            measured["learning_seconds"] = perf_counter() - started
        measured |= retriever.build(bench.chunks, folder)
        done.write_text(json.dumps(measured), encoding="utf-8")
    print(f"{folder.name}: {json.loads(done.read_text())}", flush=True)
    return retriever.open(bench.chunks, folder, [])  # type: ignore[no-any-return]


def _show(name: str) -> Callable[[int, int, float], None]:
    def report(step: int, steps: int, loss: float) -> None:
        if step % max(1, steps // 10) == 0:
            print(f"{name}: step {step} of {steps}, loss {loss:.3f}", flush=True)

    return report


def one_pass(search: OneGenSearch) -> Arm:
    """The model that finds and answers."""

    def answer(question: Question) -> One:
        (wrote,) = search.write([question.text], BUDGET, lambda place, chunk: True)
        (hits,) = search([question.text], DEPTH)  # the ranking behind the passage that was read
        spent = wrote.answer
        tokens = spent.prompt_tokens + spent.output_tokens
        return One(spent.text, hits.chunk_ids, wrote.passes, 0, tokens, spent.seconds, len(wrote.chunks))

    return answer


def pipeline(search: Search, writer: OneGenSearch, encodings: int) -> Arm:
    """The same tuned model, given what another search found: question and passage are read in one pass."""
    vocabulary, length = writer.encoder.vocabulary, writer.encoder.config.max_length

    def answer(question: Question) -> One:
        started = perf_counter()
        (hits,) = search([question.text], DEPTH)
        passages = [writer.chunks[name].text for name in hits.chunk_ids[: BUDGET.depth]]
        given = [*asked(vocabulary, question.text), vocabulary.roles.query, *read(vocabulary, passages, length)]
        written = writer.engine.write(
            given, vocabulary.roles.query, _no_search, searches=0, max_new_tokens=BUDGET.max_new_tokens
        )
        text, seconds = vocabulary.decode(written.parts[-1]), perf_counter() - started
        return One(text, hits.chunk_ids, written.passes, encodings, written.encoded, seconds)

    return answer


def _no_search(state: Any, room: int) -> list[int]:
    raise AssertionError("a pipeline searches before it reads")


def ordinary(search: Search, bench: Bench) -> Arm:
    """The untuned model with a prompt of two worked examples, given what OneGen found."""
    model = language_models.build(language_models.parse("embedded"))
    by_id = {chunk.id: chunk for chunk in bench.chunks}
    gold = {one.query: Context(tuple(by_id[name] for name in list(one.relevant)[:1])) for one in bench.labels[0]}
    shots = choose_examples([question for question in bench.train if question.text in gold], PROMPT.examples, 0)
    examples = [(question, gold[question.text]) for question in shots]

    def answer(question: Question) -> One:
        started = perf_counter()
        (hits,) = search([question.text], DEPTH)
        found = Context(tuple(by_id[name] for name in hits.chunk_ids[: BUDGET.depth]))
        spent, _ = model.respond(render(PROMPT, model, examples, question, found), BUDGET.max_new_tokens)
        tokens = spent.prompt_tokens + spent.output_tokens
        return One(spent.text, hits.chunk_ids, spent.output_tokens, 1, tokens, perf_counter() - started)

    return answer


def arms(bench: Bench, settings: Mapping[str, Any], seed: int, work: Path, left_out: Sequence[str]) -> dict[str, Arm]:
    """The arms, trained; those whose name holds a word of ``left_out`` are not. MiniLM is tuned on as many questions as
    OneGen."""
    onegen = {"kind": "onegen", "index": "exact", **settings}
    place = work / bench.name

    def one(name: str, config: Mapping[str, Any]) -> Any:
        return opened(bench, config, seed, folder(name, config))

    def folder(name: str, config: Mapping[str, Any]) -> Path:
        return place / f"{name}-{seed}-{fingerprint(retrievers.parse(dict(config)))[:8]}"

    own = one("onegen", onegen)
    steps = json.loads((folder("onegen", onegen) / "measured.json").read_text())["steps"]
    seen = int(steps) * int(onegen.get("batch_size", 8))
    tuned_minilm = {**TUNED_MINILM, "steps": max(1, seen // TUNED_MINILM["queries_per_step"])}
    minilm = {"kind": "dense", "index": "exact"}
    made: dict[str, Callable[[], Arm]] = {
        "OneGen, one pass": lambda: one_pass(own),
        "OneGen, cache dropped at a search": lambda: one_pass(replace(own, context="recomputed")),
        "pipeline: BM25": lambda: pipeline(one("bm25", {"kind": "bm25"}), own, 0),
        "pipeline: MiniLM": lambda: pipeline(one("minilm", minilm), own, 1),
        "pipeline: MiniLM tuned on the same pairs": lambda: pipeline(one("minilm-tuned", tuned_minilm), own, 1),
        "pipeline: the model untrained": lambda: pipeline(one("untrained", {**onegen, "epochs": 0}), own, 1),
        "OneGen as retriever, untuned generator": lambda: ordinary(own, bench),
        "published: BPR over the sequence, doubled context": lambda: one_pass(
            replace(one("published", {**onegen, **PUBLISHED}), context="doubled")
        ),
    }
    return {name: make() for name, make in made.items() if not any(word in name for word in left_out)}


def ask(bench: Bench, answering: Mapping[str, Arm]) -> dict[str, list[One]]:
    """Every question to every arm, the arms taking turns; the first question is asked twice, and once for nothing."""
    found: dict[str, list[One]] = {name: [] for name in answering}
    for name, answer in answering.items():
        answer(bench.asked[0][0])
        print(f"warm: {name}", flush=True)
    for question, _ in bench.asked:
        for name, answer in answering.items():
            found[name].append(answer(question))
    return found


def values(bench: Bench, rows: Sequence[One]) -> dict[str, list[float]]:
    """The metrics of every question."""
    pairs = list(zip(bench.asked, rows, strict=True))
    return {
        "F1": [f1(row.text, question.answers, True) or 0.0 for (question, _), row in pairs],
        "recall@1": [_recall(label, row.ranking[:1]) for (_, label), row in pairs],
        "recall@5": [_recall(label, row.ranking[:5]) for (_, label), row in pairs],
    }


def _recall(label: Labelled, ranking: Sequence[str]) -> float:
    """Share of the gold passages that the ranking holds a chunk of; without passages all supporting chunks are one."""
    hops = label.hops or (tuple(label.relevant),)
    return sum(bool(set(hop) & set(ranking)) for hop in hops) / len(hops)


def table(bench: Bench, seeds: Sequence[Mapping[str, list[One]]]) -> str:
    """The arms as Markdown, and F1 against every other arm."""
    labels = clusters_by_gold([question for question, _ in bench.asked])
    cells = [["arm", "F1", "recall@1", "recall@5", "searches", "forward passes", "tokens encoded", "ms a question"]]
    scores: dict[str, Any] = {}
    for name in seeds[0]:
        measured = [values(bench, found[name]) for found in seeds]
        scores[name] = np.array([one["F1"] for one in measured])
        rows = [row for found in seeds for row in found[name]]
        line = [name]
        for metric in ("F1", "recall@1", "recall@5"):
            estimate = interval(np.array([one[metric] for one in measured]), labels, seed=0)
            line.append(f"{estimate.mean:.3f} ({estimate.low:.3f} to {estimate.high:.3f})")
        encoder = np.mean([row.encodings for row in rows])
        passes = f"{np.mean([row.passes for row in rows]):.1f}" + (f" + {encoder:.0f}" if encoder else "")
        tokens, milliseconds = np.mean([row.tokens for row in rows]), 1000 * np.median([row.seconds for row in rows])
        cells.append(
            [*line, f"{np.mean([r.searches for r in rows]):.2f}", passes, f"{tokens:.0f}", f"{milliseconds:.0f}"]
        )
    first, *others = seeds[0]
    compared = compare_family([(first, other) for other in others], scores, labels, metric="f1", seed=0)
    verdicts = [["against", "F1 difference", "verdict"]]
    for one in compared:
        better = {"a": one.a, "b": one.b}.get(one.verdict, one.verdict)
        verdicts.append([one.b, f"{one.delta:+.3f} ({one.low:+.3f} to {one.high:+.3f})", better])
    return f"{markdown_table(cells)}\n\n{first}, {len(bench.asked)} questions:\n\n{markdown_table(verdicts)}"


def main() -> None:
    """Train, ask and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("dataset", choices=SETS)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--set", nargs="*", default=[], metavar="FIELD=VALUE", help="fields of the retriever onegen")
    parser.add_argument("--leave-out", nargs="*", default=[], metavar="WORD", help="arms whose name holds the word")
    parser.add_argument("--work", type=Path, default=ROOT / ".assay/onegen")
    arguments = parser.parse_args()
    settings = {name: yaml.safe_load(value) for name, _, value in (one.partition("=") for one in arguments.set)}
    bench = Bench.load(arguments.dataset, arguments.questions)
    print(f"{len(bench.chunks)} chunks, {len(bench.labels[0])} train, {len(bench.asked)} test questions", flush=True)
    seeds = [
        ask(bench, arms(bench, settings, seed, arguments.work, arguments.leave_out)) for seed in range(arguments.seeds)
    ]
    print(f"\n## {bench.name}\n\n{table(bench, seeds)}")


if __name__ == "__main__":
    main()
