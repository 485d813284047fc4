import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import UserError
from pipelines.learning import Labelled
from pipelines.records import Chunk
from pipelines.retrieval.mafin import examples
from pipelines.retrieval.mafin.examples import Examples, batches, labelled_examples, mine, written_examples
from pipelines.retrieval.mafin.settings import OverBlackBox


def drawing(**fields: int) -> OverBlackBox:
    return OverBlackBox.model_validate({"kind": "any", "hard_negatives": 0, **fields})


def chunk(name: str, text: str) -> Chunk:
    return Chunk(name, "d", 0, 1, text, text)


def test_equal_texts_are_one_passage_and_equal_questions_one_query() -> None:
    found = labelled_examples(
        [Labelled("q", {"a": 1}), Labelled("q", {"b": 2, "c": 1}), Labelled("none", {"a": 0})],
        [chunk("a", "same"), chunk("b", "same"), chunk("c", "other")],
    )
    assert found == Examples(("q",), ("same", "other"), ({0: 2, 1: 1},))


def test_a_label_that_names_no_chunk_is_refused() -> None:
    with pytest.raises(UserError, match="question 'q' is labelled with chunk 'z', which does not exist"):
        labelled_examples([Labelled("q", {"z": 1})], [chunk("a", "text")])


def test_written_questions_are_learnt_from_and_are_no_passages() -> None:
    chunks = [chunk("a", "text"), chunk("a?0", "What?"), chunk("a?1", "Why?"), chunk("b?5", "An id that ends so")]
    assert written_examples(chunks) == Examples(("What?", "Why?"), ("text", "An id that ends so"), ({0: 1}, {0: 1}))
    labelled = labelled_examples([Labelled("q", {"a": 1, "a?0": 1})], chunks)
    assert labelled.grades == ({0: 1},)


def test_without_written_questions_they_cannot_be_learnt_from() -> None:
    with pytest.raises(UserError, match="add the enrichment hypothetical_questions"):
        written_examples([chunk("a", "text")])


def test_hard_negatives_are_the_nearest_that_no_label_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples, "MINED_DEPTH", 2)
    queries = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    passages = np.array([[1.0, 0.0], [0.8, 0.6], [0.6, 0.8], [0.0, 1.0]], dtype=np.float32)
    assert mine(queries, passages, [{0: 1}, {2: 1, 3: 1}]) == [[1, 2], [1, 0]]


def test_a_batch_knows_every_label_among_its_passages() -> None:
    """The passage drawn for one query is no negative of another whose labels name it."""
    made = Examples(("q", "r"), ("a", "b", "c"), ({0: 2}, {0: 1}))
    batch = next(batches(made, [[1], [2]], drawing(queries_per_step=2, hard_negatives=1), seed=0))
    assert sorted(batch.passages) == [0, 1, 2]
    rows = {
        query: dict(zip(batch.passages, row, strict=True))
        for query, row in zip(batch.queries, batch.grades, strict=True)
    }
    assert rows == {0: {0: 2, 1: 0, 2: 0}, 1: {0: 1, 1: 0, 2: 0}}


@settings(deadline=None)
@given(queries=st.integers(2, 12), size=st.integers(2, 5), seed=st.integers(0, 99))
def test_every_query_is_seen_before_any_is_seen_again(queries: int, size: int, seed: int) -> None:
    made = Examples(
        tuple(map(str, range(queries))), tuple(map(str, range(queries))), tuple({n: 1} for n in range(queries))
    )
    drawn = batches(made, [[]] * queries, drawing(queries_per_step=size), seed)
    seen = [query for _ in range(queries) for query in next(drawn).queries]
    assert set(seen[:queries]) == set(range(queries)) or size > queries


def test_the_seed_decides_what_is_drawn() -> None:
    made = Examples(tuple("abcdef"), tuple("ABCDEF"), tuple({n: 1} for n in range(6)))

    def first(seed: int) -> list[int]:
        return next(batches(made, [[]] * 6, drawing(queries_per_step=3), seed)).queries

    assert first(1) == first(1)
    assert len({tuple(first(seed)) for seed in range(5)}) > 1


@settings(deadline=None)
@given(per_passage=st.integers(1, 6), seed=st.integers(0, 99))
def test_queries_join_that_are_labelled_with_a_relevant_passage(per_passage: int, seed: int) -> None:
    """Ten queries, of which the even ones are about passage 0 and the odd ones about passage 1; 2 is mined."""
    made = Examples(tuple("abcdefghij"), ("A", "B", "C"), tuple({n % 2: 1} for n in range(10)))
    fields = drawing(queries_per_step=2, queries_per_passage=per_passage, hard_negatives=1)
    batch = next(batches(made, [[2]] * 10, fields, seed))
    assert len(batch.queries) == len(set(batch.queries))
    alone = next(batches(made, [[2]] * 10, drawing(queries_per_step=2, hard_negatives=1), seed))
    assert batch.queries[:2] == alone.queries
    assert batch.passages == alone.passages
    for passage in {query % 2 for query in alone.queries}:
        drawn = sum(query % 2 == passage for query in alone.queries)
        joined = [query for query in batch.queries[2:] if query % 2 == passage]
        assert len(joined) == min(per_passage - 1, 5 - drawn)
    assert batch.grades == [[int(passage == query % 2) for passage in batch.passages] for query in batch.queries]
