from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.errors import UserError
from pipelines.retrieval.mafin import black_box
from pipelines.retrieval.mafin.black_box import fetch

MakeBox = Callable[..., Any]


@pytest.fixture
def blocks_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(black_box, "_AT_ONCE", 2)


@pytest.mark.usefixtures("blocks_of_two")
@pytest.mark.parametrize("asked", ["documents", "queries"])
def test_each_text_is_asked_for_once(random_box: MakeBox, asked: Any) -> None:
    first = random_box()
    vectors = fetch(first, ["a", "b", "c", "a"], asked).vectors
    assert first.batches == [["a", "b"], ["c"]]
    assert vectors == pytest.approx(first.embed_documents(["a", "b", "c", "a"]))
    later = random_box()
    again = fetch(later, ["c", "d", "b"], asked)
    assert later.batches == [["d"]]
    assert again.vectors == pytest.approx(first.embed_documents(["c", "d", "b"]))
    assert again.reused_seconds > 0


def test_queries_and_documents_are_kept_apart(random_box: MakeBox) -> None:
    box = random_box()
    fetch(box, ["a"], "documents")
    fetch(box, ["a"], "queries")
    assert box.asked == ["a", "a"]


@pytest.mark.usefixtures("blocks_of_two")
def test_what_was_fetched_before_a_failure_is_not_asked_for_again(random_box: MakeBox) -> None:
    texts = ["a", "b", "c", "d", "e"]
    failing = random_box(breaks_after=2)
    with pytest.raises(UserError, match=r"failed after 4 of 5 queries \(429 too many requests\).*run again") as raised:
        fetch(failing, texts, "queries")
    assert "\n" not in str(raised.value)
    assert isinstance(raised.value.__cause__, ConnectionError)
    working = random_box()
    assert len(fetch(working, texts, "queries").vectors) == 5
    assert working.asked == ["e"]


def test_vectors_of_another_length_are_refused(random_box: MakeBox) -> None:
    fetch(random_box(dimension=16), ["a"], "documents")
    with pytest.raises(UserError, match="gives vectors of 24 numbers, and gave 16 before") as raised:
        fetch(random_box(dimension=24), ["a", "b"], "documents")
    assert "\n" not in str(raised.value)


def test_a_length_that_changes_within_a_process_is_refused(random_box: MakeBox) -> None:
    class Changing(random_box):  # type: ignore[misc,valid-type]
        def embed_documents(self, texts: Any) -> Any:
            return np.ones((len(texts), 8), dtype=np.float32)

    with pytest.raises(UserError, match="gives vectors of 8 numbers now, and gave 16 before"):
        fetch(Changing(), ["a"], "documents")


def test_another_model_shares_nothing(random_box: MakeBox) -> None:
    fetch(random_box(name="one"), ["a"], "documents")
    other = random_box(name="other")
    fetch(other, ["a"], "documents")
    assert other.asked == ["a"]


def test_a_damaged_block_is_asked_for_again(random_box: MakeBox, cache: Path) -> None:
    fetch(random_box(), ["a", "b"], "queries")
    (path,) = (cache / "vectors").glob("*/queries/*.npz")
    path.write_bytes(path.read_bytes()[:40])
    later = random_box()
    fetch(later, ["a", "b"], "queries")
    assert later.asked == ["a", "b"]


def test_blocks_hold_no_pickle(random_box: MakeBox, cache: Path) -> None:
    fetch(random_box(), ["a", "b"], "queries")
    (path,) = (path for path in cache.rglob("*") if path.is_file())
    with np.load(path, allow_pickle=False) as block:
        assert block["vectors"].shape == (2, 16)


def test_no_texts_give_no_rows(random_box: MakeBox) -> None:
    assert fetch(random_box(), [], "documents").vectors.shape == (0, 16)
