"""Recall@10 of our Chroma search against the exact ten nearest: MiniLM vectors of NFCorpus and random clustered ones.

    python benchmarks/chroma_recall.py [--sizes 10000 100000] [--set ef_search=800] [--folder ../shared/data/nfcorpus]

The settings are those of ``pipelines/retrieval/chroma.py``; ``--set`` changes some of them, to look for better ones.
Random vectors lie around 1,000 centres, which is harder than text: groups of points with nothing in between, where a
graph may have no path from one to the other. ``--folder ''`` leaves NFCorpus out; embedding it takes a minute or more.
Times are processor time of all threads, which other work on the machine changes little. Exits with 1 where recall is
below 0.98.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # benchmarks/ is no installed package

from benchmarks.vectors import clustered  # noqa: E402
from pipelines.retrieval import chroma  # noqa: E402

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

    Rows = NDArray[float32]

TARGET = 0.98
DEPTH = 10
QUERIES = 200
HEADER = "| vectors | number | build, CPU s | search, CPU ms a query | recall@10 |\n|---|---:|---:|---:|---:|"
HEADER = "| vectors | number | build, CPU s | search, CPU ms a query | recall@10 |\n|---|---:|---:|---:|---:|"


def recall(vectors: "Rows", queries: "Rows", found: "Sequence[NDArray]") -> float:  # type: ignore[type-arg]
    """Mean share of the exact ten nearest rows of ``vectors`` that are among those ``found`` for a query."""
    import numpy as np

    shares = []
    for query, positions in zip(queries, found, strict=True):
        nearest = np.argsort(-(vectors @ query), kind="stable")[:DEPTH]
        shares.append(np.isin(nearest, positions).mean())
    return float(np.mean(shares))


def measure(name: str, vectors: "Rows", queries: "Rows") -> float:
    """Build the graph, search it, print a row; returns the recall."""
    started = time.process_time()
    propose = chroma.open_chroma(vectors)
    built = time.process_time() - started
    started = time.process_time()
    found = propose(queries, DEPTH)
    searched = 1000 * (time.process_time() - started) / len(queries)
    share = recall(vectors, queries, found)
    print(f"| {name} | {len(vectors):,} | {built:.1f} | {searched:.2f} | {share:.4f} |", flush=True)
    return share


def embedded(folder: Path) -> "tuple[Rows, Rows]":
    """MiniLM vectors of a BEIR set's documents (title and text) and of its first test questions."""
    from pipelines.corpus import datasets
    from pipelines.pre_retrieval.chunking import chunkers
    from pipelines.retrieval.embedders import embedders

    dataset = datasets.build(datasets.parse({"kind": "beir", "folder": str(folder)}))()
    chunks = chunkers.build(chunkers.parse("whole_document"))(dataset.documents)
    embedder = embedders.build(embedders.parse("embedded"))
    questions = [question.text for question in dataset.split("test")[:QUERIES]]
    return embedder.embed_documents([chunk.indexed for chunk in chunks]), embedder.embed_queries(questions)


def _sets(folder: str, sizes: Sequence[int]) -> "Iterator[tuple[str, Rows, Rows]]":
    if folder:
        yield (Path(folder).name, *embedded(Path(folder)))
    for size in sizes:
        yield "random, clustered", clustered(size, seed=1), clustered(QUERIES, seed=2)


def main() -> int:
    """Measure all; 1 where one falls short."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--folder", default=str(ROOT.parent / "shared/data/nfcorpus"))
    parser.add_argument("--set", nargs="*", default=[], metavar="SETTING=NUMBER")
    options = parser.parse_args()
    import chromadb  # noqa: F401 - so that its import is in no measured time

    chroma._HNSW.update({name: int(number) for name, _, number in (one.partition("=") for one in options.set)})
    print(f"{chroma._HNSW}\n\n{HEADER}", flush=True)
    with tempfile.TemporaryDirectory() as cache:
        os.environ["ASSAY_CACHE"] = cache
        shares = [measure(*one) for one in _sets(options.folder, options.sizes)]
    return 0 if all(share >= TARGET for share in shares) else 1


if __name__ == "__main__":
    sys.exit(main())
