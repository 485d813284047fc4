import pytest

from eval.metrics import abstained, is_refusal


@pytest.mark.parametrize("text", ["", "  ", "Unknown.", "Not in the documents", "I don’t know", "NO ANSWER", "n/a"])
def test_declared_refusals_count(text: str) -> None:
    assert is_refusal(text)


@pytest.mark.parametrize("text", ["Paris", "The unknown soldier", "I don't know, maybe Paris", "none", "no"])
def test_a_sentence_that_merely_contains_one_is_an_answer(text: str) -> None:
    assert not is_refusal(text)


def test_a_language_adds_its_own_refusals_to_the_english_ones() -> None:
    assert is_refusal("Nicht in den Dokumenten.", "de")
    assert is_refusal("unknown", "de")
    assert not is_refusal("Nicht in den Dokumenten.", "en")


def test_an_accepted_answer_is_never_an_abstention() -> None:
    assert abstained("Unknown", ["unknown"], True) == 0.0
    assert abstained("Unknown", ["Paris"], True) == 1.0
    assert abstained("Unknown", [], False) == 1.0
