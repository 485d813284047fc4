"""Warnings where the embedded models do not read the language of the data."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.experiment import Experiment
from assay.language_check import language_warnings, scripts
from pipelines.records import Dataset, Document, Question

SMOL, MINI = "SmolLM2-135M-Instruct", "all-MiniLM-L6-v2"
OTHER_LLM = {"kind": "hf", "name": "some/model"}
OTHER_EMBEDDER = {"kind": "sentence_transformers", "name": "some/embedder"}


def experiment(*configurations: dict[str, Any], llm: Any = "embedded") -> Experiment:
    arms = [{"arm": "closed_book"}, *({"arm": "rag", **one} for one in configurations)]
    return Experiment.model_validate({"name": "x", "dataset": "builtin", "llm": llm, "configurations": arms})


def dataset(documents: str, questions: str = "Which colour?", language: str = "en") -> Dataset:
    asked = (Question("q", questions, ("green",), "test"),)
    return Dataset("x", (Document("a", documents), Document("b", "")), asked, language)


DENSE, BM25 = {"retriever": "dense"}, {"retriever": "bm25"}
LATIN = dataset("The pump is green.")


@pytest.mark.parametrize(
    ("made", "readers"),
    [
        (experiment(BM25), f"{SMOL} reads"),
        (experiment(DENSE), f"{SMOL} and {MINI} read"),
        (experiment({"retriever": "hybrid"}, llm=OTHER_LLM), f"{MINI} reads"),
        (experiment({"retriever": "bm25", "llm": "embedded"}, llm=OTHER_LLM), f"{SMOL} reads"),
    ],
)
def test_another_language_than_the_embedded_models_read(made: Experiment, readers: str) -> None:
    assert language_warnings(made, dataset("Die Pumpe.", language="de")) == (
        f"the dataset's language is 'de', {readers} English: name models that know it",
    )


def test_models_of_ones_own_are_trusted_with_their_language() -> None:
    made = experiment({"retriever": {"kind": "dense", "embedder": OTHER_EMBEDDER}}, llm=OTHER_LLM)
    assert language_warnings(made, dataset("насос", language="ru")) == ()


def test_an_embedded_model_that_every_configuration_replaces_is_not_named() -> None:
    arms = [{"arm": "closed_book", "llm": OTHER_LLM}]
    made = Experiment.model_validate({"name": "x", "dataset": "builtin", "llm": "embedded", "configurations": arms})
    assert language_warnings(made, dataset("насос", language="ru")) == ()


def test_english_in_latin_letters_is_no_matter() -> None:
    assert language_warnings(experiment(DENSE), LATIN) == ()


def test_a_fifth_of_the_letters_may_be_of_other_scripts() -> None:
    assert language_warnings(experiment(BM25, llm=OTHER_LLM), dataset("abcdefgh 12 ωω!")) == ()
    assert language_warnings(experiment(BM25, llm=OTHER_LLM), dataset("abcdefg 12 ωω!")) == (
        "22% of the letters are not Latin (Greek 22%) in the documents, whose language is said to be 'en': "
        "set the dataset's language",
    )


def test_many_scripts_are_one_line_with_the_commonest() -> None:
    (line,) = language_warnings(experiment(DENSE), dataset("pump насос 泵 ポンプ مضخة"))
    # 4 Latin, 5 Cyrillic, 1 Han, 3 Katakana, 4 Arabic.
    assert line == (
        "76% of the letters are not Latin (Cyrillic 29%, Arabic 24%, Katakana 18% and 1 more) in the documents, whose "
        f"language is said to be 'en': set the dataset's language, and name other models than {SMOL} and {MINI}"
    )


def test_questions_are_looked_at_apart() -> None:
    (line,) = language_warnings(experiment(BM25, llm=OTHER_LLM), dataset("The pump is green.", "какой насос?"))
    assert line.startswith("100% of the letters are not Latin (Cyrillic 100%) in the questions, ")


def test_letters_that_stand_for_latin_ones_are_latin() -> None:
    assert scripts(["ＡＢ 𝐂 ª ﬁ", "2 ½ +"]) == {"Latin": 5}


@given(st.lists(st.text()))
def test_every_letter_counts_once(texts: list[str]) -> None:
    assert scripts(texts).total() == sum(one.isalpha() for text in texts for one in text)
