"""Time, memory and disk of indexes over 1,000, 10,000 and 100,000 passages of generated documents.

    python benchmarks/index_scaling.py [--sizes 1000 10000 100000] [--kinds bm25 bm25s exact chroma] [--rounds 3]

``bm25`` is the project's retriever; ``bm25s`` the library used directly, with the same words and stemmer. ``exact`` and
``chroma`` are the project's dense retriever over random vectors around 1,000 centres in place of embedded passages, for
embedding them takes far longer than indexing; its speed is measured apart (``--embed``, 2,000 passages, 0 for none).
Every measurement runs in a process of its own; kinds take turns, and the fastest round of each counts. Times are
processor time of all threads, which other work on the machine changes little; BM25 and exact search use one thread,
Chroma builds on all. Its graph is built when an index is opened.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # benchmarks/ is no installed package

from benchmarks.indexes import CONTESTANTS, passages  # noqa: E402
from pipelines.corpus.builtin import CORE_DOCUMENTS  # noqa: E402

T = TypeVar("T")

SIZES = (1_000, 10_000, 100_000)
KIB, MIB = 2**10, 2**20
SEARCHES = 3
"""All queries are searched so often after a first time; the fastest counts."""


@dataclass(frozen=True)
class Measured:
    """One kind at one size. Processor seconds of building (to disk) and opening, processor milliseconds a query, bytes
    on disk, peak memory of the process and what it held before building, in bytes. ``scores`` are a check: the sum of
    all found, which is equal for contestants that do the same."""

    kind: str
    size: int
    build: float
    open: float
    search: float
    disk: int
    before: int
    peak: int
    words: float
    scores: float


def measure(kind: str, size: int, folder: Path) -> Measured:
    """Build, open and search one index in this process; its files go into ``folder``."""
    contestant = CONTESTANTS[kind](size, folder)
    before = _memory("VmRSS")
    words, build = timed(contestant.build)
    search, opened = timed(contestant.open)
    found = search(contestant.queries)
    searched = min(timed(lambda: search(contestant.queries))[1] for _ in range(SEARCHES))
    return Measured(
        kind=kind,
        size=size,
        build=build,
        open=opened,
        search=1000 * searched / len(contestant.queries),
        disk=sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
        before=before,
        peak=_memory("VmHWM"),
        words=words,
        scores=sum(map(sum, found)),
    )


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What ``work`` returns, and the seconds of processor time it took."""
    started = time.process_time()
    result = work()
    return result, time.process_time() - started


def _memory(field: str) -> int:
    """``VmRSS``, what this process holds now, or ``VmHWM``, the most it held, in bytes. getrusage would not do: its
    peak is passed on from the process that started this one."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) * KIB


def in_process(kind: str, size: int) -> Measured:
    """``measure`` in a process of its own, so that its peak of memory is its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--measure", kind, str(size), folder]
        text = subprocess.run(command, capture_output=True, text=True, check=False)
    if text.returncode:
        raise SystemExit(f"{kind} at {size}: {text.stderr}")
    return Measured(**json.loads(text.stdout.splitlines()[-1]))


def fastest(rounds: Sequence[Measured]) -> Measured:
    """The fastest of the rounds for each time, the largest peak of memory."""
    return replace(
        rounds[0],
        build=min(one.build for one in rounds),
        open=min(one.open for one in rounds),
        search=min(one.search for one in rounds),
        peak=max(one.peak for one in rounds),
    )


def table(rows: Sequence[Measured]) -> str:
    """All measurements as Markdown, and below it the ratios of our BM25 to bm25s used directly."""
    lines = [
        "| passages | index | build, s | open, s | search, ms a query | disk, MiB | peak memory, MiB | before, MiB |",
        "|---:|---|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {row.size:,} | {row.kind} | {row.build:.2f} | {row.open:.2f} | {row.search:.2f} | {row.disk / MIB:.1f} "
        f"| {row.peak / MIB:.0f} | {row.before / MIB:.0f} |"
        for row in rows
    ]
    return "\n".join([*lines, *_ratios({(row.kind, row.size): row for row in rows})])


def _ratios(rows: Mapping[tuple[str, int], Measured]) -> list[str]:
    lines = []
    for (kind, size), row in rows.items():
        other = rows.get(("bm25s", size))
        if kind != "bm25" or other is None:
            continue
        same = row.words == other.words and math.isclose(row.scores, other.scores, rel_tol=1e-5)
        lines.append(
            f"- {size:,}: bm25 / bm25s build {row.build / other.build:.2f}, search {row.search / other.search:.2f}; "
            f"{'same words and scores' if same else 'NOT the same words and scores'}"
        )
    return ["", *lines] if lines else []


def embedding_speed(count: int) -> str:
    """Passages a second of the embedded model on archive documents."""
    from pipelines.retrieval.embedders import embedders

    texts = [chunk.indexed for chunk in passages(count + CORE_DOCUMENTS)[0][CORE_DOCUMENTS:]]
    embedder = embedders.build(embedders.parse("embedded"))
    embedder.embed_documents(texts[:32])
    _, seconds = timed(lambda: embedder.embed_documents(texts))
    return f"{embedder.name}: {count:,} passages in {seconds:.1f} s of processor time, {count / seconds:.1f} a second"


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--kinds", nargs="+", choices=list(CONTESTANTS), default=list(CONTESTANTS))
    parser.add_argument("--rounds", type=int, default=3, help="the fastest of so many counts")
    parser.add_argument("--embed", type=int, default=2000, help="passages to embed with the embedded model, 0 for none")
    parser.add_argument("--measure", nargs=3, metavar=("KIND", "SIZE", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if min(options.sizes) < CORE_DOCUMENTS or options.rounds < 1:
        parser.error(f"--sizes begin at {CORE_DOCUMENTS}, --rounds at 1")
    return options


def main() -> None:
    """Measure and print."""
    options = parse(sys.argv[1:])
    if options.measure:
        kind, size, folder = options.measure
        print(json.dumps(asdict(measure(kind, int(size), Path(folder)))))
        return
    passages(CORE_DOCUMENTS)  # parsed and kept once, so that no measured process parses
    rows = []
    for size in options.sizes:
        rounds: dict[str, list[Measured]] = {kind: [] for kind in options.kinds}
        for _ in range(options.rounds):
            for kind, made in rounds.items():
                made.append(in_process(kind, size))
        rows += [fastest(made) for made in rounds.values()]
    print(table(rows), flush=True)
    if {"exact", "chroma"} & {*options.kinds}:
        print("\nexact and chroma search random vectors around 1,000 centres: no embedding is in their figures.")
    if options.embed:
        print(embedding_speed(options.embed))


if __name__ == "__main__":
    main()
