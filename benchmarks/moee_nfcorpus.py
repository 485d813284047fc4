"""MoEE's arms on NFCorpus test under both prompts, beside all-MiniLM-L6-v2 and BM25; the z-score isolated.

    python benchmarks/moee_nfcorpus.py [--max-length 64 --dtype bfloat16]

Statistics are those of the indexed documents, alpha is chosen by nDCG@10 on the dev queries, test is read once. Each
arm is compared with the z-scored hidden state under its prompt, paired by query, one family for both prompts. Prints
Markdown. Expects ../shared/data beside the project.
"""

from argparse import Namespace
from collections.abc import Sequence

import numpy as np
from moee_arms import (
    ARMS,
    BASE,
    BM25,
    DATA,
    MINILM,
    PROMPTS,
    Rows,
    arguments_of,
    bm25_over,
    fitting_of,
    heading,
    minilm_reader,
    reader_of,
    row,
)
from numpy.typing import NDArray

from eval.results import Comparison
from eval.statistics.compare import compare_family
from eval.statistics.interval import interval
from pipelines.corpus import datasets
from pipelines.learning import Labelled
from pipelines.pre_retrieval.chunking import chunkers
from pipelines.pre_retrieval.enrichment.title import titled
from pipelines.records import Chunk, Question
from pipelines.retrieval.fusion_weight import CUTOFF, ndcg
from pipelines.retrieval.moee import MoEEEmbedder
from pipelines.retrieval.moee.fitting import best_alpha
from pipelines.retrieval.ranking import best

Gains = NDArray[np.float64]


def scored(
    prompt: str, arm: str, chunks: Sequence[Chunk], splits: dict[str, Sequence[Question]], arguments: Namespace
) -> tuple[Gains, float]:
    """nDCG@10 of every test query, and the alpha that was best on dev."""
    fitting = fitting_of(prompt, ARMS[arm], arguments)
    reader = reader_of(fitting, arguments, "nfcorpus")
    documents = reader.rows("documents", [chunk.indexed for chunk in chunks])
    dev, test = (reader.rows(name, [one.text for one in split]) for name, split in splits.items())
    statistics = fitting.statistics(documents)
    alpha = 1.0
    if ARMS[arm]["combine"] == "sum":
        parts = [MoEEEmbedder(fitting.encoder, fitting.config.rw, part, 0.0, statistics) for part in ("hs", "rw")]
        labelled = [Labelled(one.text, one.judgements) for one in splits["dev"]]
        hs, rw = (cosines(part, dev, documents) for part in parts)
        alpha, _ = best_alpha(labelled, [chunk.document_id for chunk in chunks], hs, rw)
    return gains(splits["test"], chunks, cosines(fitting.embedder(statistics, alpha), test, documents)), alpha


def cosines(embedder: MoEEEmbedder, queries: Rows, documents: Rows) -> Rows:
    return embedder.vectors(queries) @ embedder.vectors(documents).T


def gains(questions: Sequence[Question], chunks: Sequence[Chunk], scores: Rows) -> Gains:
    """nDCG@10 of each question from scores of shape (questions, chunks)."""
    ranked = [[chunks[place].document_id for place in best(line, CUTOFF)] for line in scores]
    return np.array([ndcg(names, one.judgements) for names, one in zip(ranked, questions, strict=True)])


def bm25_gains(questions: Sequence[Question], chunks: Sequence[Chunk]) -> Gains:
    document = {chunk.id: chunk.document_id for chunk in chunks}
    with bm25_over(chunks) as search:
        found = search([one.text for one in questions], CUTOFF)
    ranked = [[document[name] for name in hits.chunk_ids] for hits in found]
    return np.array([ndcg(names, one.judgements) for names, one in zip(ranked, questions, strict=True)])


def minilm_gains(questions: Sequence[Question], chunks: Sequence[Chunk], arguments: Namespace) -> Gains:
    reader = minilm_reader(arguments, "nfcorpus")
    documents = reader.rows("documents", [chunk.indexed for chunk in chunks])
    return gains(questions, chunks, reader.rows("test", [one.text for one in questions]) @ documents.T)


def mean(values: Gains) -> str:
    found = interval(values, seed=0)
    return f"{found.mean:.3f} ({found.low:.3f} to {found.high:.3f})"


def difference(found: Comparison | None) -> str:
    return f"{found.delta:+.3f} ({found.low:+.3f} to {found.high:+.3f})" if found else ""


def main() -> None:
    """Print the table."""
    arguments = arguments_of(__doc__.splitlines()[0], max_length=256, dtype="float32")
    dataset = datasets.build(datasets.parse({"kind": "beir", "folder": str(DATA / "nfcorpus")}))()
    chunks = titled(chunkers.build(chunkers.parse("whole_document"))(dataset.documents), dataset.documents)
    splits = {name: dataset.split(name) for name in ("dev", "test")}
    size = f"{len(splits['test'])} queries, {len(chunks):,} documents of at most {arguments.max_length} tokens"
    print(f"NFCorpus test, {size}, {arguments.dtype}: nDCG@10 (95 %)\n\n{heading()}", flush=True)
    found = {(arm, prompt): scored(prompt, arm, chunks, splits, arguments) for prompt in PROMPTS for arm in ARMS}
    values = {f"{arm}, {prompt}": one for (arm, prompt), (one, _) in found.items()}
    contrasts = [(f"{arm}, {prompt}", f"{BASE}, {prompt}") for arm, prompt in found if arm != BASE]
    compared = {one.a: one for one in compare_family(contrasts, values, metric="ndcg_at_10", seed=0)}
    for arm, fields in ARMS.items():
        cells = []
        for prompt in PROMPTS:
            name = f"{arm}, {prompt}"
            cells += [mean(values[name]), difference(compared.get(name))]
            cells.append(f"{found[arm, prompt][1]:.2f}" if fields["combine"] == "sum" else "")
        print(row(arm, cells))
    print(row(BM25, [mean(bm25_gains(splits["test"], chunks))]), flush=True)
    print(row(MINILM, [mean(minilm_gains(splits["test"], chunks, arguments))]))


if __name__ == "__main__":
    main()
