from pathlib import Path

import pytest

from assay.indexing import pair_chunk
from pipelines.records import Chunk, Hits, Question
from pipelines.retrieval import retrievers

pytestmark = pytest.mark.slow
DOCUMENT = Chunk("d#0", "d", 0, 7, "Pumps leak when their seals are old.", "Pumps leak when their seals are old.")


def search(chunks: list[Chunk], folder: Path, query: str, depth: int = 5) -> Hits:
    retriever = retrievers.build(retrievers.parse("nearest_pairs"), "en")
    retriever.build(chunks, folder)
    (found,) = retriever.open(chunks, folder, ())([query], depth)
    return found


def pair(name: str, question: str, answer: str) -> Chunk:
    return pair_chunk(Question(name, question, (answer,), "train"))


def test_questions_are_compared_with_questions(tmp_path: Path) -> None:
    pairs = [
        pair("one", "Who repairs the roof?", "When do pumps leak"),
        pair("two", "When do pumps leak?", "When their seals are old."),
    ]
    found = search([DOCUMENT, *pairs], tmp_path, "When do pumps leak?")
    assert found.chunk_ids == ("pair:two", "pair:one")
    assert found.scores[0] == pytest.approx(1, abs=1e-5)  # the answer does not count


def test_equal_questions_stand_in_chunk_order(tmp_path: Path) -> None:
    pairs = [pair("b", "Same?", "yes"), pair("a", "Same?", "no")]
    assert search(pairs, tmp_path, "Same?", 1).chunk_ids == ("pair:b",)


def test_without_pairs_nothing_is_found(tmp_path: Path) -> None:
    assert search([DOCUMENT], tmp_path, "When do pumps leak?") == Hits((), ())
