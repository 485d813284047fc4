"""LangChain and LlamaIndex retrievers, made by callables of this file."""

from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import UserError
from pipelines.records import Chunk, Hits
from pipelines.retrieval import Retriever, retrievers
from pipelines.retrieval.factory import mapped

TEXTS = ["a pump", "a seal and a pump", "slate", "a pump, a pump"]
CHUNKS = [Chunk(f"c{n}", f"d{n}", 0, len(text), f"read {text}", text) for n, text in enumerate(TEXTS)]
NO_CALLABLE = "text"


def langchain_counting(documents: list[Any], word: str = "pump", foreign: bool = False) -> Any:
    """Finds documents by how often they hold a word, most first."""
    from langchain_core.callbacks import CallbackManagerForRetrieverRun
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever

    class Counting(BaseRetriever):
        def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
            found = sorted(documents, key=lambda document: -document.page_content.count(word))
            kept = [document for document in found if word in document.page_content]
            return [Document(page_content="new", id="new")] if foreign else [*kept, *kept]

    return Counting()


def llama_index_counting(nodes: list[Any], engine: bool = False) -> Any:
    """Finds nodes by how often they hold a word of the query; as a retriever or a query engine around it."""
    from llama_index.core import MockEmbedding
    from llama_index.core.base.base_retriever import BaseRetriever
    from llama_index.core.llms import MockLLM
    from llama_index.core.query_engine import RetrieverQueryEngine
    from llama_index.core.response_synthesizers import get_response_synthesizer
    from llama_index.core.schema import NodeWithScore, QueryBundle

    class Counting(BaseRetriever):
        def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
            counts = [(node.get_content().count(query_bundle.query_str), node) for node in nodes]
            found = sorted((pair for pair in counts if pair[0]), key=lambda pair: -pair[0])
            return [NodeWithScore(node=node, score=float(count)) for count, node in found]

    assert MockEmbedding(embed_dim=2)
    return RetrieverQueryEngine(Counting(), get_response_synthesizer(llm=MockLLM())) if engine else Counting()


def an_object(documents: list[Any]) -> object:
    return object()


def build(kind: str, factory: str, **arguments: object) -> Retriever:
    config = {"kind": kind, "factory": f"{__name__}:{factory}", "arguments": arguments}
    return retrievers.build(retrievers.parse(config), "en")


def test_langchain_documents_are_mapped_back_once_each_at_their_first_place(tmp_path: Path) -> None:
    retriever = build("langchain", "langchain_counting")
    assert retriever.build(CHUNKS, tmp_path) == {}
    assert list(tmp_path.iterdir()) == []
    search = retriever.open(CHUNKS, tmp_path, ())
    assert search(["any", "query"], 5) == [Hits(("c3", "c0", "c1"), (1.0, 1 / 2, 1 / 3))] * 2
    assert search(["any"], 1)[0].chunk_ids == ("c3",)


def test_arguments_reach_the_factory(tmp_path: Path) -> None:
    search = build("langchain", "langchain_counting", word="slate").open(CHUNKS, tmp_path, ())
    assert search(["any"], 5)[0].chunk_ids == ("c2",)


@pytest.mark.parametrize("engine", [False, True])
def test_llama_index_nodes_are_mapped_back_with_their_scores(tmp_path: Path, engine: bool) -> None:
    search = build("llama_index", "llama_index_counting", engine=engine).open(CHUNKS, tmp_path, ())
    assert search(["pump", "seal", "", "roof"], 2) == [
        Hits(("c3", "c0"), (2.0, 1.0)),
        Hits(("c1",), (1.0,)),
        Hits((), ()),
        Hits((), ()),
    ]


def test_a_result_that_is_no_chunk_is_one_line_for_the_user(tmp_path: Path) -> None:
    search = build("langchain", "langchain_counting", foreign=True).open(CHUNKS, tmp_path, ())
    with pytest.raises(UserError, match="returned the id 'new', which is no chunk's"):
        search(["any"], 5)


def test_scores_that_do_not_fall_give_way_to_ranks() -> None:
    known = {"a": 0, "b": 1}
    assert mapped([("a", 0.1), ("b", 0.7)], known, 5, "p").scores == (1.0, 0.5)
    assert mapped([("a", 0.7), ("b", None)], known, 5, "p").scores == (1.0, 0.5)
    assert mapped([("a", 0.7), ("b", 0.7), ("a", 0.9)], known, 5, "p").scores == (0.7, 0.7)


@pytest.mark.parametrize("kind", ["langchain", "llama_index"])
@pytest.mark.parametrize(
    ("factory", "arguments", "message"),
    [
        ("missing", {}, "factory: .* cannot be imported"),
        ("NO_CALLABLE", {}, "is no callable"),
        ("an_object", {}, "made a object"),
        ("an_object", {"size": 1}, "arguments: .* does not take them .*'size'"),
    ],
)
def test_what_cannot_serve_is_one_line_for_the_user(
    tmp_path: Path, kind: str, factory: str, arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError, match=message) as caught:
        build(kind, factory, **arguments).open(CHUNKS, tmp_path, ())
    assert "\n" not in str(caught.value)


def test_the_identity_follows_the_source_of_the_factory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / "made_for_identity.py"
    retriever = retrievers.build(retrievers.parse({"kind": "langchain", "factory": "made_for_identity:make"}), "en")
    module.write_text("def make(documents): return 1\n")
    first = retriever.identity
    module.write_text("def make(documents): return 2\n")
    assert first != retriever.identity != ""


def langchain_failing(documents: list[Any]) -> Any:
    raise ZeroDivisionError(f"{len(documents)} documents")


def test_a_factory_that_fails_says_where(tmp_path: Path) -> None:
    made = retrievers.build(retrievers.parse({"kind": "langchain", "factory": f"{__name__}:langchain_failing"}), "en")
    with pytest.raises(UserError, match=r"failed: ZeroDivisionError: 4 documents \(test_factory.py, line \d+\)"):
        made.open(CHUNKS, tmp_path, ())
