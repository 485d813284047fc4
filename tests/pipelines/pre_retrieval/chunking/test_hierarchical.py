import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.pre_retrieval.chunking import chunkers
from pipelines.records import Chunk, Document


def cut(text: str, size: int, parent_size: int) -> list[Chunk]:
    config = chunkers.parse({"kind": "hierarchical", "size": size, "parent_size": parent_size})
    return chunkers.build(config)([Document("d", text)])


def test_small_chunks_know_the_passage_they_are_cut_from() -> None:
    text = "One two three. Four five six.\n\nSeven eight nine. Ten."
    chunks = cut(text, 20, 35)
    assert [(chunk.text, chunk.parent) for chunk in chunks] == [
        ("One two three.", (0, 29)),
        ("Four five six.", (0, 29)),
        ("Seven eight nine.", (31, 53)),
        ("Ten.", (31, 53)),
    ]


@settings(deadline=None, max_examples=80)
@given(st.text(st.sampled_from("ab .\n|漢"), max_size=300))
def test_every_chunk_lies_inside_its_parent(text: str) -> None:
    for chunk in cut(text, 20, 60):
        assert chunk.parent is not None
        start, end = chunk.parent
        assert start <= chunk.start < chunk.end <= end
        assert text[start:end] == text[start:end].strip()


def test_equal_passages_are_told_apart() -> None:
    text = "\n\n".join(["Same words here. Same words here."] * 3)
    assert [chunk.parent for chunk in cut(text, 20, 40)] == [(0, 33)] * 2 + [(35, 68)] * 2 + [(70, 103)] * 2


def test_parents_must_be_larger() -> None:
    with pytest.raises(ValidationError, match="must be larger than size"):
        chunkers.parse({"kind": "hierarchical", "size": 100, "parent_size": 100})
