"""The way from a question to its context, by hand: several queries, several texts for one passage, rights, cuts."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pipelines.post_retrieval import Found
from pipelines.pre_retrieval.query import Queries
from pipelines.records import Chunk, Document, Hits, Question, Spent
from pipelines.retrieving import Retrieving
from pipelines.tools import Tools

CHUNKS = [Chunk(f"d{n}#0", f"d{n}", 0, 5, f"text{n}", f"text{n}") for n in range(6)]
DOCUMENTS = {f"d{n}": Document(f"d{n}", f"text{n}", metadata={"even": str(n % 2 == 0)}) for n in range(6)}
ASKED = Question("q", "which?", ("a",), "test")


def ranking(order: dict[str, str], reached: list[int] | None = None) -> Any:
    """A search that returns the documents named for a query, in that order; notes how deep it was asked to go."""

    def search(queries: Sequence[str], depth: int) -> list[Hits]:
        if reached is not None:
            reached.append(depth)
        names = [[f"d{digit}#0" for digit in order[query]][:depth] for query in queries]
        return [Hits(tuple(some), tuple(-float(place) for place in range(len(some)))) for some in names]

    return search


def retrieving(fake_model: Any, **changes: Any) -> Retrieving:
    usual: dict[str, Any] = {
        "search": ranking({"which?": "012345", "b": "543210"}),
        "chunks": {chunk.id: chunk for chunk in CHUNKS},
        "documents": DOCUMENTS,
        "tools": Tools(fake_model, lambda prompts, limit: []),
        "depth": 2,
        "candidates": 4,
    }
    return Retrieving(**{**usual, **changes})


def ids(chunks: Sequence[Chunk]) -> str:
    return "".join(chunk.document_id[1:] for chunk in chunks)


def test_depth_cuts_after_reranking_and_before_post_processing(fake_model: Any) -> None:
    seen: list[str] = []

    def backwards(found: Sequence[Found], tools: Tools) -> list[Found]:
        seen.append(ids(found[0].chunks))
        return [replace(one, chunks=one.chunks[::-1]) for one in found]

    opened = retrieving(fake_model, rerank=(backwards,), post=(backwards,))
    (context,) = opened.retrieve([ASKED], ["which?"])
    assert seen == ["0123", "32"]
    assert ids(context.chunks) == "23"


def test_hits_of_several_queries_are_merged_by_reciprocal_rank(fake_model: Any) -> None:
    def twice(queries: Sequence[str], tools: Tools) -> list[Queries]:
        return [Queries((query, "b"), Spent(7, 3, 0.5)) for query in queries]

    opened = retrieving(fake_model, transform=twice, search=ranking({"which?": "012", "b": "21"}), depth=3)
    (context,) = opened.retrieve([ASKED], ["which?"])
    # 2: 1/63 + 1/61, 1: 1/62 + 1/62, 0: 1/61
    assert ids(context.chunks) == "210"
    assert context.spent == Spent(7, 3, 0.5)


def test_a_passage_indexed_under_several_texts_is_found_once_and_the_search_goes_deeper(fake_model: Any) -> None:
    asked = [replace(CHUNKS[0], id=f"d0#0?{n}") for n in range(4)]
    chunks = {chunk.id: chunk for chunk in (*CHUNKS, *asked)}
    reached: list[int] = []

    def search(queries: Sequence[str], depth: int) -> list[Hits]:
        reached.append(depth)
        names = ("d0#0?2", "d0#0", "d0#0?0", "d0#0?1", "d1#0", "d2#0", "d3#0")[:depth]
        return [Hits(names, tuple(-float(place) for place in range(len(names)))) for _ in queries]

    opened = retrieving(fake_model, search=search, chunks=chunks, candidates=2)
    (context,) = opened.retrieve([ASKED], ["which?"])
    assert [chunk.id for chunk in context.chunks] == ["d0#0", "d1#0"]
    assert reached == [2, 4, 8]


def test_rights_are_kept_and_the_search_goes_as_deep_as_it_takes(fake_model: Any) -> None:
    reached: list[int] = []
    opened = retrieving(
        fake_model,
        search=ranking({"which?": "135024"}, reached),
        allows=lambda question, document: document.metadata["even"] == "True",
    )
    (context,) = opened.retrieve([ASKED], ["which?"])
    assert ids(context.chunks) == "02"
    assert reached == [4, 8]


def test_an_index_with_too_little_gives_what_it_has(fake_model: Any) -> None:
    opened = retrieving(fake_model, allows=lambda question, document: False)
    assert opened.retrieve([ASKED], ["which?"])[0].chunks == ()
    assert opened.retrieve([], []) == []
