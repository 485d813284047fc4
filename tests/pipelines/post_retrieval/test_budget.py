from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.post_retrieval import Found, post_processors
from pipelines.records import Chunk
from pipelines.tools import Tools

Keep = Callable[[Sequence[Chunk], int], list[Chunk]]


def chunk(text: str, start: int = 0) -> Chunk:
    return Chunk(f"d#{start}", "d", start, start + len(text), text, f"Title\n{text}")


CHUNKS = [chunk("one two three"), chunk("four five", 20), chunk("six seven eight nine", 40), chunk("ten", 60)]


@pytest.fixture
def keep(process: Any) -> Keep:
    return lambda chunks, tokens: list(process({"kind": "budget", "tokens": tokens}, chunks))


def test_keeps_the_best_while_they_fit(keep: Keep) -> None:
    assert keep(CHUNKS, 100) == CHUNKS
    assert keep(CHUNKS, 5) == CHUNKS[:2]
    assert keep(CHUNKS, 9) == CHUNKS[:3]


def test_stops_at_the_first_that_does_not_fit(keep: Keep) -> None:
    assert keep(CHUNKS, 6) == CHUNKS[:2], "the last chunk would fit, but a worse one must not overtake a better one"


def test_a_first_chunk_too_long_is_cut_after_a_sentence(keep: Keep) -> None:
    long = chunk("First of all. Then more words. And the end.", 100)
    (cut,) = keep([long, CHUNKS[0]], 7)
    assert (cut.text, cut.start, cut.end) == ("First of all. Then more words.", 100, 130)


def test_a_first_sentence_too_long_is_cut_after_a_word(keep: Keep) -> None:
    (cut,) = keep([chunk("a sentence that does not end early", 10)], 3)
    assert (cut.text, cut.start, cut.end) == ("a sentence that", 10, 25)


def test_rows_of_a_table_are_cut_between_lines(keep: Keep) -> None:
    (cut,) = keep([chunk("| a | b |\n| c | d |\n| e | f |")], 11)
    assert cut.text == "| a | b |\n| c | d |"


def test_nothing_is_kept_where_not_even_a_word_fits(keep: Keep, fake_model: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(fake_model, "count_tokens", lambda texts: [len(text) for text in texts], raising=False)
    assert keep([chunk("Donaudampfschiff fährt")], 3) == []


def test_a_batch_is_counted_in_one_call(tools: Callable[..., Tools], fake_model: Any, monkeypatch: Any) -> None:
    asked: list[int] = []

    def count(texts: Sequence[str]) -> list[int]:
        asked.append(len(texts))
        return [len(text.split()) for text in texts]

    monkeypatch.setattr(fake_model, "count_tokens", count, raising=False)
    budget = post_processors.build(post_processors.parse({"kind": "budget", "tokens": 5}))
    found = budget([Found("a", tuple(CHUNKS)), Found("b", ()), Found("c", tuple(CHUNKS[1:]))], tools())
    assert [one.chunks for one in found] == [tuple(CHUNKS[:2]), (), tuple(CHUNKS[1:2])]
    assert asked == [7]


def test_a_compressed_chunk_keeps_its_span(keep: Keep) -> None:
    (cut,) = keep([Chunk("d#0", "d", 0, 90, "pump green. weighs nine", "")], 2)
    assert (cut.text, cut.start, cut.end) == ("pump green.", 0, 90)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.sampled_from("ab .!\n"), max_size=60), max_size=4), st.integers(1, 12))
def test_what_is_kept_fits_and_spans_are_exact(keep: Keep, texts: list[str], tokens: int) -> None:
    chunks = [chunk(text, start=100 * number) for number, text in enumerate(texts)]
    kept = keep(chunks, tokens)
    assert sum(len(found.text.split()) for found in kept) <= tokens
    for found, original in zip(kept, chunks, strict=False):
        assert found.end - found.start == len(found.text)
        assert original.text.startswith(found.text)
        assert found.start == original.start
