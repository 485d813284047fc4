"""What holds for every retriever, whatever its technique."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipelines.records import Chunk, Hits
from pipelines.registry import StageConfig
from pipelines.retrieval import Search, retrievers

pytestmark = pytest.mark.slow

TEXTS = [
    "The Kestrel pump leaks at its seal 😀👩‍🔧.",
    "Employees have 30 days of vacation.\x00\x07\x1b[0m",
    "Invoices are paid in 14 days.\u200b\ufeff",
    "Kestrel Works was founded in Vienna in 1921.",
    "The seal of type KX-200 fits the Orison and the Kestrel pump.",
    "",
    "Die Kestrel-Pumpe wiegt 12 kg. Преимущества 優点",
    "Invoices are paid in 14 days.",
    "   \n\t ",
]
PAIRS = [("Which colour has the Kestrel pump?", "green 🟢"), ("When are invoices paid?", "in 14 days")]
MEANT = "Which colour has the Kestrel pump?"
QUERIES = [MEANT, "", " \n", "😀\x00\x1b 優点", "KX-200 seal " * 4167]
SETTINGS: dict[str, dict[str, Any]] = {
    "bm25": {"kind": "bm25"},
    "dense": {"kind": "dense"},
    "dense, exact": {"kind": "dense", "index": "exact"},
    "hybrid": {"kind": "hybrid"},
    "hybrid, convex": {"kind": "hybrid", "fusion": "convex", "minima": [0, -1]},
    "late_interaction": {"kind": "late_interaction"},
    "late_interaction after bm25": {"kind": "late_interaction", "first": "bm25"},
    "graph": {"kind": "graph"},
    "graph with synonyms": {"kind": "graph", "synonymy": 0.8},
    "mafin": {"kind": "mafin", "steps": 0, "weight": 0.5},
    "linear_adapter": {"kind": "linear_adapter", "steps": 0},
    "moee": {"kind": "moee", "name": "olmoe"},
    "moee_virtual": {"kind": "moee_virtual", "name": "llama", "experts": 8},
    "onegen": {"kind": "onegen", "epochs": 0, "llm": {"kind": "hf", "name": "llama"}},
    "onegen by sentence": {
        "kind": "onegen",
        "epochs": 0,
        "vectors": "sentence",
        "llm": {"kind": "hf", "name": "llama"},
    },
    "nearest_pairs": {"kind": "nearest_pairs"},
    "langchain": {"kind": "langchain", "factory": f"{__name__}:langchain_retriever"},
    "llama_index": {"kind": "llama_index", "factory": f"{__name__}:llama_index_retriever"},
}

RANDOM = {"langchain", "moee", "moee_virtual", "onegen"}
"""Kinds whose vectors are random here."""


@pytest.fixture(scope="module", autouse=True)
def tiny_models(tokenizer: Any, tiny_llama: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Writes models with random weights, under the names that ``SETTINGS`` gives them."""
    from transformers import AutoModelForCausalLM, OlmoeConfig

    folder, llama = tmp_path_factory.mktemp("tiny"), tiny_llama()
    sizes = {name: getattr(llama.config, name) for name in ("vocab_size", "hidden_size", "num_hidden_layers")}
    olmoe = AutoModelForCausalLM.from_config(
        OlmoeConfig(**sizes, intermediate_size=16, num_attention_heads=4, num_experts=4, num_experts_per_tok=2)
    )
    with pytest.MonkeyPatch.context() as patch:
        for name, model in {"llama": llama, "olmoe": olmoe}.items():
            model.save_pretrained(folder / name)
            tokenizer.save_pretrained(folder / name)
        patch.chdir(folder)
        yield


def langchain_retriever(documents: list[Any], k: int = 50) -> Any:
    """A vector store of LangChain's own over random vectors."""
    from langchain_core.embeddings import DeterministicFakeEmbedding
    from langchain_core.vectorstores import InMemoryVectorStore

    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=16))
    store.add_documents(documents)
    return store.as_retriever(search_kwargs={"k": k})


def llama_index_retriever(nodes: list[Any], k: int = 50) -> Any:
    """A vector index of LlamaIndex's own with MiniLM."""
    from llama_index.core import VectorStoreIndex
    from llama_index.core.embeddings import BaseEmbedding

    from pipelines.retrieval.embedders import embedders

    embedder = embedders.build(embedders.parse("embedded"))

    class MiniLM(BaseEmbedding):
        def _get_text_embedding(self, text: str) -> list[float]:
            return [float(number) for number in embedder.embed_documents([text])[0]]

        _get_query_embedding = _get_text_embedding

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_query_embedding(query)

    return VectorStoreIndex(nodes, embed_model=MiniLM()).as_retriever(similarity_top_k=k)


def corpus() -> list[Chunk]:
    chunks = [Chunk(f"c{n}", f"d{n}", 0, len(text), text, text) for n, text in enumerate(TEXTS)]
    pairs = [f"Question: {question}\nAnswer: {answer}" for question, answer in PAIRS]
    return chunks + [Chunk(f"pair:{n}", f"pair:{n}", 0, len(text), text, text) for n, text in enumerate(pairs)]


def build(config: StageConfig, chunks: Sequence[Chunk], folder: Path) -> None:
    """Index a retriever below ``folder``, each of its parts in a folder of its own."""
    folder.mkdir(parents=True)
    retriever = retrievers.build(config, "en")
    retriever.build(chunks, folder)
    for number, part in enumerate(retriever.parts):
        build(part, chunks, folder / f"part{number}")


def open_search(config: StageConfig, chunks: Sequence[Chunk], folder: Path) -> Search:
    retriever = retrievers.build(config, "en")
    parts = [open_search(part, chunks, folder / f"part{number}") for number, part in enumerate(retriever.parts)]
    return retriever.open(chunks, folder, parts)


@dataclass
class Found:
    """What one retriever found for ``QUERIES`` in two openings of one index: five hits deep, and deeper than there are
    chunks."""

    kind: str
    five: list[Hits]
    all: list[Hits]
    none: list[Hits]


@pytest.fixture(scope="module", params=SETTINGS)
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Found]:
    config = retrievers.parse(SETTINGS[request.param])
    folder = tmp_path_factory.mktemp("index")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSAY_CACHE", str(folder / "cache"))
        build(config, corpus(), folder / "index")
        first = open_search(config, corpus(), folder / "index")
        second = open_search(config, corpus(), folder / "index")
        yield Found(config.kind, first(QUERIES, 5), second(QUERIES, 1000), second([], 5))


def test_every_kind_is_tested_here() -> None:
    assert {settings["kind"] for settings in SETTINGS.values()} == set(retrievers.kinds())


def test_hits_are_distinct_chunks_with_falling_scores(found: Found) -> None:
    known = {chunk.id for chunk in corpus()}
    assert len(found.five) == len(found.all) == len(QUERIES)
    for hits in (*found.five, *found.all):
        assert len(hits.chunk_ids) == len(hits.scores)
        assert len(set(hits.chunk_ids)) == len(hits.chunk_ids)
        assert known.issuperset(hits.chunk_ids)
        assert list(hits.scores) == sorted(hits.scores, reverse=True)
    assert max(len(hits.chunk_ids) for hits in found.five) <= 5


def test_a_second_opening_and_a_greater_depth_begin_alike(found: Found) -> None:
    assert [Hits(hits.chunk_ids[:5], hits.scores[:5]) for hits in found.all] == found.five


def test_no_queries_give_no_hits(found: Found) -> None:
    assert found.none == []


def test_what_is_meant_is_found_among_odd_characters(found: Found) -> None:
    assert found.five[0].chunk_ids
    if found.kind not in RANDOM:
        assert found.five[0].chunk_ids[0] == "pair:0"


@pytest.mark.parametrize("name", SETTINGS)
def test_an_empty_corpus_gives_empty_hits(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    config = retrievers.parse(SETTINGS[name])
    build(config, [], tmp_path / "index")
    assert open_search(config, [], tmp_path / "index")(["Kestrel", ""], 3) == [Hits((), ())] * 2
