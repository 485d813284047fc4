from pathlib import Path

import pytest
from pydantic import ValidationError

from pipelines.errors import UserError
from pipelines.pre_retrieval.chunking import chunkers
from pipelines.records import Document


def cut(text: str, **fields: object) -> list[str]:
    chunker = chunkers.build(chunkers.parse({"kind": "token", **fields}))
    return [chunk.text for chunk in chunker([Document("d", text)])]


LETTERS = "a b c d e f g h i j k l m n o p q r s t"


def test_counts_tokens() -> None:
    assert cut(LETTERS, size=8) == ["a b c d e f g h", "i j k l m n o p", "q r s t"]


def test_overlap_repeats_tokens() -> None:
    assert cut(LETTERS, size=8, overlap=3) == ["a b c d e f g h", "f g h i j k l m", "k l m n o p q r", "p q r s t"]


def test_keeps_the_characters_that_the_tokenizer_folds() -> None:
    assert cut("ÉCOLE  Zürich\tİstanbul", size=64) == ["ÉCOLE  Zürich\tİstanbul"]


def test_an_unknown_word_of_any_length_is_cut() -> None:
    assert [len(piece) for piece in cut("x" * 1000, size=8)] == [128] * 7 + [104]


def test_an_emoji_of_several_tokens_is_never_cut(tokenizer: object, tmp_path: Path) -> None:
    tokenizer.save_pretrained(tmp_path)  # type: ignore[attr-defined]
    text = "🦚🦩🪿🦤🪶" * 8
    pieces = cut(text, size=9, tokenizer=str(tmp_path))
    assert "".join(pieces) == text
    assert len(pieces) > 8


def test_overlap_must_be_smaller_than_size() -> None:
    with pytest.raises(ValidationError, match="smaller than size"):
        chunkers.parse({"kind": "token", "size": 8, "overlap": 8})


def test_an_unknown_tokenizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no tokenizer"):
        cut("text", tokenizer=str(tmp_path))
