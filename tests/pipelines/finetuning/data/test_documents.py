"""Texts for continued pre-training."""

from typing import Any

import pytest

from pipelines.errors import UserError
from pipelines.finetuning.data import Sources, training_data
from pipelines.records import Document
from pipelines.tools import Tools


def test_passages_carry_the_title_of_their_document(make: Any) -> None:
    made = make({"kind": "documents", "size": 40})
    assert made.pairs == ()
    assert "Kestrel\n\nWeight: 12 kg\n\nIt was made by hand." in made.texts
    assert "# Kestrel\n\nThe kestrel pump is green." in made.texts
    assert "Weight: 12 kg\n\nIt was made by hand." in make({"kind": "documents", "size": 40, "title": False}).texts


def test_whole_documents(make: Any) -> None:
    made = make({"kind": "documents", "size": None})
    assert [text.splitlines()[0] for text in made.texts] == ["# Kestrel", "# Orison", "# Sable"]
    assert made.texts[2].endswith("It was made by nobody.")


def test_a_limit_draws_and_keeps_the_order(make: Any) -> None:
    every, some = (make({"kind": "documents", "size": 40, "limit": limit}).texts for limit in (None, 4))
    assert len(some) == 4
    assert list(some) == [text for text in every if text in some]


def sources(model: Any, texts: list[str]) -> Sources:
    documents = {str(n): Document(str(n), text) for n, text in enumerate(texts)}
    return Sources((), documents, Tools(model, lambda prompts, most: []), 0)


def test_repeated_texts_are_taken_once(fake_model: Any) -> None:
    made = training_data.build(training_data.parse("documents"))(sources(fake_model, ["The same.", "The same."]))
    assert (made.texts, made.counts) == (("The same.",), {"texts that repeat another": 1})


def test_an_empty_corpus_is_an_error(fake_model: Any) -> None:
    with pytest.raises(UserError, match="holds no text"):
        training_data.build(training_data.parse("documents"))(sources(fake_model, [" "]))
