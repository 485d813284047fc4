"""The retrievers give the published figures on NFCorpus.

MiniLM over the whole corpus takes minutes and is checked by ``benchmarks/retrieval_published.py`` (0.3159 on MTEB);
here its rankings on a part of the corpus are compared with those of sentence-transformers itself.
"""

from collections.abc import Sequence
from pathlib import Path

import ir_measures
import pytest

from pipelines.corpus import datasets
from pipelines.generation.weights import locate_embedded_embedder
from pipelines.pre_retrieval.chunking import chunkers
from pipelines.pre_retrieval.enrichment.title import titled
from pipelines.records import Chunk, Dataset, Hits, Question
from pipelines.retrieval import retrievers

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parents[3] / "../shared/data/nfcorpus"


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    if not FOLDER.is_dir():
        pytest.skip("NFCorpus is not in ../shared/data")
    return datasets.build(datasets.parse({"kind": "beir", "folder": str(FOLDER)}))()


@pytest.fixture(scope="module")
def chunks(dataset: Dataset) -> list[Chunk]:
    return titled(chunkers.build(chunkers.parse("whole_document"))(dataset.documents), dataset.documents)


def ndcg(questions: Sequence[Question], found: Sequence[Hits]) -> float:
    run = {
        question.id: {chunk.rpartition("#")[0]: score for chunk, score in zip(hits.chunk_ids, hits.scores, strict=True)}
        for question, hits in zip(questions, found, strict=True)
    }
    qrels = {question.id: dict(question.judgements) for question in questions}
    return float(ir_measures.calc_aggregate([ir_measures.nDCG @ 10], qrels, run)[ir_measures.nDCG @ 10])


def test_bm25_reproduces_beirs_figure(dataset: Dataset, chunks: list[Chunk], tmp_path: Path) -> None:
    questions = dataset.split("test")
    assert (len(chunks), len(questions)) == (3633, 323)
    retriever = retrievers.build(retrievers.parse("bm25"), dataset.language)
    retriever.build(chunks, tmp_path)
    found = retriever.open(chunks, tmp_path, ())([question.text for question in questions], 100)
    assert ndcg(questions, found) == pytest.approx(0.325, abs=0.01)


def test_minilm_ranks_as_sentence_transformers_does(
    dataset: Dataset, chunks: list[Chunk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sentence_transformers import SentenceTransformer, util

    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    questions = dataset.split("test")[:12]
    judged = {document for question in questions for document in question.judgements}
    part = [chunk for chunk in chunks if chunk.document_id in judged][:64]
    retriever = retrievers.build(
        retrievers.parse({"kind": "dense", "embedder": {"kind": "embedded", "device": "cpu"}}), dataset.language
    )
    retriever.build(part, tmp_path)
    found = retriever.open(part, tmp_path, ())([question.text for question in questions], 10)

    model = SentenceTransformer(str(locate_embedded_embedder()), device="cpu", local_files_only=True)
    documents = model.encode([chunk.indexed for chunk in part], convert_to_tensor=True)
    queries = model.encode([question.text for question in questions], convert_to_tensor=True)
    expected = []
    for nearest in util.semantic_search(queries, documents, top_k=10):
        # NFCorpus holds some abstracts twice: equal scores stand in corpus order.
        nearest.sort(key=lambda hit: (-round(hit["score"], 6), hit["corpus_id"]))
        expected.append(Hits(tuple(part[hit["corpus_id"]].id for hit in nearest), tuple(h["score"] for h in nearest)))
    assert [hits.chunk_ids for hits in found] == [hits.chunk_ids for hits in expected]
    assert ndcg(questions, found) == ndcg(questions, expected)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.scores == pytest.approx(theirs.scores, abs=2e-6)
