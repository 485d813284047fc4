import pytest

from pipelines.retrieval.entities import Extractor, fit


def extractor(*texts: str, rare: float = 0.0) -> Extractor:
    return fit(texts, ["the", "a", "in", "when", "was", "is"], rare)


def test_runs_of_capitals_are_names_with_particles_inside() -> None:
    found = extractor()("We met Ludwig van Beethoven in the University of Vienna, and Mozart.")
    assert found == ["we", "ludwig van beethoven", "university of vienna", "mozart"]


def test_a_function_word_ends_a_name_and_is_none() -> None:
    assert extractor()("When Ada Lovelace The Countess was in Rome") == ["ada lovelace", "countess", "rome"]


def test_a_word_opening_a_sentence_is_a_name_unless_the_corpus_writes_it_small() -> None:
    extract = extractor("old pumps leak; the pumps of Kestrel and Kestrel again")
    assert extract("Pumps leak. Kestrel makes them. Pumps Limited sells.") == ["kestrel", "pumps limited"]


@pytest.mark.parametrize(
    "text", ['the "red valve" leaks', "the “red valve”", "„red valve“", "«red valve»", "``red valve''"]
)
def test_quoted_terms(text: str) -> None:
    assert extractor()(text) == ["red valve"]


def test_codes_hold_digits() -> None:
    assert extractor()("the seal kx-200 of 1921 has 30 parts, iso9001 and m4") == ["kx-200", "1921", "iso9001", "m4"]


def test_a_possessive_is_no_part_of_the_name() -> None:
    assert extractor()("in Beethoven's house and O'Brien's") == ["beethoven", "o'brien"]


def test_rare_words_stand_in_two_texts_at_least_and_a_share_at_most() -> None:
    texts = ["gasket here water", "a gasket water", "seal water", "the water", "", "", "", ""]
    assert extractor(*texts, rare=0.25)("the gasket, the seal and water") == ["gasket"]  # seal once, water in half
    assert extractor(*texts, rare=0.5)("the gasket, the seal and water") == ["gasket", "water"]
    assert extractor(*texts, rare=0)("the gasket") == []


def test_from_a_hundred_texts_on_frequent_small_words_are_function_words() -> None:
    texts = ["pumpe und Motor in New York"] * 11 + [f"wort{n}" for n in range(89)]
    assert fit(texts, [], 0.0).function == {"pumpe", "und", "in"}
    assert fit(texts[:99], [], 0.0).function == frozenset()


def test_scripts_without_case_give_rare_words() -> None:
    texts = ["東京タワー 日本電波塔", "東京タワー", "其他"]
    assert fit(texts, [], 1.0)("東京タワー は") == ["東京タワー"]
