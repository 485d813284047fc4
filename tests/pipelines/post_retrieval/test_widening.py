"""Neighbours and parents: passages cut anew from the document."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.records import Chunk
from pipelines.tools import Passages

Make = Callable[..., Passages]
TEXT = "One is first. Two follows.\n\nThree. Four. Five. Six. Seven."


@pytest.fixture
def passages(chunked: Make) -> Passages:
    return chunked({"a": TEXT, "b": "Alpha. Beta. Gamma. Delta."}, 3)


def texts(found: Sequence[Chunk]) -> list[str]:
    return [chunk.text for chunk in found]


def test_neighbours_are_read_with_the_text_between_them(process: Any, passages: Passages) -> None:
    (found,) = process("neighbours", [passages.chunks[2]], passages=passages)
    assert found.text == "Two follows.\n\nThree. Four."
    assert TEXT[found.start : found.end] == found.text


def test_neighbours_end_where_the_document_does(process: Any, passages: Passages) -> None:
    settings_ = {"kind": "neighbours", "before": 9, "after": 1}
    assert texts(process(settings_, [passages.chunks[-1]], passages=passages)) == ["Alpha. Beta. Gamma. Delta."]


def test_touching_neighbours_become_one_at_the_best_rank(process: Any, passages: Passages) -> None:
    one, two, three, four, _, six, seven, alpha = passages.chunks[:8]
    only_after = {"kind": "neighbours", "before": 0, "after": 1}
    found = process(only_after, [seven, alpha, one, three], passages=passages)
    assert texts(found) == ["Seven.", "Alpha. Beta.", "One is first. Two follows.\n\nThree. Four."]
    assert found[0] is seven
    apart = process(only_after, [one, four], passages=passages)
    assert texts(apart) == ["One is first. Two follows.", "Four. Five."]
    assert process({"kind": "neighbours", "before": 0, "after": 0}, [six, two], passages=passages) == (six, two)


def test_neighbours_of_a_passage_already_widened(process: Any, passages: Passages) -> None:
    (wide,) = process("neighbours", [passages.chunks[2]], passages=passages)
    (wider,) = process("neighbours", [wide], passages=passages)
    assert wider.text == "One is first. Two follows.\n\nThree. Four. Five."


def test_neighbours_of_overlapping_chunks(process: Any) -> None:
    from pipelines.records import Document

    made = tuple(Chunk(f"d#{n}", "d", n, n + 3, "abcdefg"[n : n + 3], "") for n in range(0, 5, 2))
    passages = Passages(made, {"d": Document("d", "abcdefg")})
    assert texts(process({"kind": "neighbours", "before": 0, "after": 0}, made[1:2], passages=passages)) == ["cde"]
    assert texts(process({"kind": "neighbours", "before": 0}, made[1:2], passages=passages)) == ["cdefg"]


def test_a_parent_replaces_its_chunks_where_enough_were_found(process: Any, passages: Passages) -> None:
    one, two, three, four, *_ = passages.chunks
    alpha = passages.chunks[7]
    found = process({"kind": "parents", "share": 0.6}, [alpha, three, four, one], passages=passages)
    assert texts(found) == ["Alpha.", "One is first. Two follows.\n\nThree.", "Four."]
    assert found[1].span.start == 0
    assert process({"kind": "parents", "share": 0.7}, [three, one], passages=passages) == (three, one)
    whole = process({"kind": "parents", "share": 1.0}, [three, two, one], passages=passages)
    assert texts(whole) == ["One is first. Two follows.\n\nThree."]


def test_a_widened_passage_gives_way_to_no_parent(process: Any, passages: Passages) -> None:
    wide = process("neighbours", [passages.chunks[2]], passages=passages)
    assert process({"kind": "parents", "share": 0.1}, wide, passages=passages) == wide


def test_chunks_without_parents_stay(process: Any, chunked: Make) -> None:
    passages = chunked({"a": TEXT})
    assert process("parents", passages.chunks, passages=passages) == passages.chunks


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(st.integers(0, 10), unique=True, max_size=11),
    st.sampled_from([{"kind": "parents", "share": 0.5}, {"kind": "neighbours"}, {"kind": "neighbours", "before": 2}]),
)
def test_what_was_found_is_still_covered_once_and_spans_are_exact(
    process: Any, passages: Passages, places: list[int], kind: dict[str, Any]
) -> None:
    before = [passages.chunks[place] for place in places]
    after = process(kind, before, passages=passages)
    for chunk in before:
        covering = [one for one in after if one.document_id == chunk.document_id and one.start <= chunk.start < one.end]
        assert len(covering) == 1
        assert chunk.end <= covering[0].end
    for chunk in after:
        assert passages.documents[chunk.document_id].text[chunk.start : chunk.end] == chunk.text
