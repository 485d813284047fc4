from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from pipelines.post_retrieval import post_processors
from pipelines.records import Chunk


def words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def chunk(text: str, start: int = 0) -> Chunk:
    return Chunk(f"d#{start}", "d", start, start + len(text), text, f"Title\n{text}")


def keep(chunks: Sequence[Chunk], tokens: int) -> list[Chunk]:
    return post_processors.build(post_processors.parse({"kind": "budget", "tokens": tokens}))("query", chunks, words)


CHUNKS = [chunk("one two three"), chunk("four five", 20), chunk("six seven eight nine", 40), chunk("ten", 60)]


def test_keeps_the_best_while_they_fit() -> None:
    assert keep(CHUNKS, 100) == CHUNKS
    assert keep(CHUNKS, 5) == CHUNKS[:2]
    assert keep(CHUNKS, 9) == CHUNKS[:3]


def test_stops_at_the_first_that_does_not_fit() -> None:
    assert keep(CHUNKS, 6) == CHUNKS[:2], "the last chunk would fit, but a worse one must not overtake a better one"


def test_a_first_chunk_too_long_is_cut_after_a_sentence() -> None:
    long = chunk("First of all. Then more words. And the end.", 100)
    (cut,) = keep([long, CHUNKS[0]], 7)
    assert (cut.text, cut.start, cut.end) == ("First of all. Then more words.", 100, 130)


def test_a_first_sentence_too_long_is_cut_after_a_word() -> None:
    (cut,) = keep([chunk("a sentence that does not end early", 10)], 3)
    assert (cut.text, cut.start, cut.end) == ("a sentence that", 10, 25)


def test_rows_of_a_table_are_cut_between_lines() -> None:
    (cut,) = keep([chunk("| a | b |\n| c | d |\n| e | f |")], 11)
    assert cut.text == "| a | b |\n| c | d |"


def test_nothing_is_kept_where_not_even_a_word_fits() -> None:
    assert (
        post_processors.build(post_processors.parse({"kind": "budget", "tokens": 3}))(
            "query", [chunk("Donaudampfschiff fährt")], lambda texts: [len(text) for text in texts]
        )
        == []
    )


def test_no_chunks_stay_no_chunks() -> None:
    assert keep([], 5) == []


@given(st.lists(st.text(st.sampled_from("ab .!\n"), max_size=60), max_size=4), st.integers(1, 12))
def test_what_is_kept_fits_and_spans_are_exact(texts: list[str], tokens: int) -> None:
    chunks = [chunk(text, start=100 * number) for number, text in enumerate(texts)]
    kept = keep(chunks, tokens)
    assert sum(words([found.text for found in kept])) <= tokens
    for found, original in zip(kept, chunks, strict=False):
        assert found.end - found.start == len(found.text)
        assert original.text.startswith(found.text)
        assert found.start == original.start
