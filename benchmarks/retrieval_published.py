"""BM25 and all-MiniLM-L6-v2 on NFCorpus against the published figures (nDCG@10, title and text, whole documents).

    python benchmarks/retrieval_published.py [--folder ../shared/data/nfcorpus] [--dtype bfloat16] [--skip-dense]

BEIR (Thakur et al. 2021) gives BM25 0.325, MTEB gives all-MiniLM-L6-v2 0.3159. Prints the time of index and search
and, for dense retrieval, what of the exact ten nearest Chroma finds. Exits with 1 where a figure is off.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import ir_measures

from pipelines.corpus import datasets
from pipelines.pre_retrieval.chunking import chunkers
from pipelines.pre_retrieval.enrichment.title import titled
from pipelines.records import Chunk, Hits, Question
from pipelines.retrieval import Search, retrievers

BM25_PUBLISHED, BM25_WITHIN = 0.325, 0.01
MINILM_PUBLISHED, MINILM_WITHIN = 0.3159, 0.002
DEPTH = 100


def ndcg(questions: Sequence[Question], found: Sequence[Hits], chunks: Sequence[Chunk]) -> float:
    """Mean nDCG@10 over ``questions``, by ir_measures."""
    document = {chunk.id: chunk.document_id for chunk in chunks}
    run = {
        question.id: {document[chunk]: score for chunk, score in zip(hits.chunk_ids, hits.scores, strict=True)}
        for question, hits in zip(questions, found, strict=True)
    }
    qrels = {question.id: dict(question.judgements) for question in questions}
    return float(ir_measures.calc_aggregate([ir_measures.nDCG @ 10], qrels, run)[ir_measures.nDCG @ 10])


def timed_search(search: Search, questions: Sequence[Question]) -> list[Hits]:
    """All questions at once; prints milliseconds a query."""
    started = time.perf_counter()
    found = search([question.text for question in questions], DEPTH)
    print(f"  search   {1000 * (time.perf_counter() - started) / len(questions):8.2f} ms/query at depth {DEPTH}")
    return found


def measure(
    settings: Mapping[str, object], chunks: Sequence[Chunk], questions: Sequence[Question], folder: Path
) -> float:
    """Index, search and score one retriever; a dense one through Chroma and exactly."""
    retriever = retrievers.build(retrievers.parse(settings), "en")
    folder.mkdir()
    started = time.perf_counter()
    quantities = retriever.build(chunks, folder)
    print(f"{dict(settings)}\n  index    {time.perf_counter() - started:8.2f} s, {dict(quantities)}")
    started = time.perf_counter()
    search = retriever.open(chunks, folder, ())
    print(f"  open     {time.perf_counter() - started:8.2f} s")
    found = timed_search(search, questions)
    if settings["kind"] == "dense":
        exact = retrievers.build(retrievers.parse({**settings, "index": "exact"}), "en").open(chunks, folder, ())
        nearest = timed_search(exact, questions)
        same = [len({*a.chunk_ids[:10]} & {*b.chunk_ids[:10]}) / 10 for a, b in zip(found, nearest, strict=True)]
        print(
            f"  recall   {sum(same) / len(same):8.4f} of the exact ten, nDCG@10 {ndcg(questions, nearest, chunks):.4f}"
        )
    value = ndcg(questions, found, chunks)
    print(f"  nDCG@10  {value:8.4f}", flush=True)
    return value


def main() -> int:
    """Run both; 1 where a figure is not the published one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, default=Path(__file__).parents[2] / "shared/data/nfcorpus")
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--skip-dense", action="store_true")
    arguments = parser.parse_args()
    dataset = datasets.build(datasets.parse({"kind": "beir", "folder": str(arguments.folder)}))()
    chunks = titled(chunkers.build(chunkers.parse("whole_document"))(dataset.documents), dataset.documents)
    questions = dataset.split("test")
    print(f"{len(chunks)} documents, {len(questions)} test questions")
    with tempfile.TemporaryDirectory() as name:
        os.environ["ASSAY_CACHE"] = str(Path(name) / "cache")
        good = abs(measure({"kind": "bm25"}, chunks, questions, Path(name) / "bm25") - BM25_PUBLISHED) <= BM25_WITHIN
        if not arguments.skip_dense:
            settings = {"kind": "dense", "embedder": {"kind": "embedded", "dtype": arguments.dtype}}
            value = measure(settings, chunks, questions, Path(name) / "dense")
            good = good and abs(value - MINILM_PUBLISHED) <= MINILM_WITHIN
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
