import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.metrics import correct, is_numeric, numeric_match
from eval.metrics.quantities import find_quantities


@pytest.mark.parametrize(
    ("prediction", "answer"),
    [
        ("12,000 g", "12 kg"),
        ("The pump weighs 12 kg.", "12 kg"),
        ("$1.2m", "1.2 million dollars"),
        ("1,200,000 USD", "$1.2 million"),
        ("EUR 1.234,56", "€1,234.56"),
        ("20 percent", "20%"),
        ("90 min", "1.5 hours"),
        ("24 months", "2 years"),
        ("three", "3"),
        ("12 employees", "12"),
        ("12 kg", "12"),
        ("3.1416", "3.14159"),
        ("-5 °C", "−5 °C"),
        ("5k", "5,000"),
        ("3 to 5 kg", "3–5 kg"),
    ],
)
def test_the_same_quantity_in_another_form_matches(prediction: str, answer: str) -> None:
    assert numeric_match(prediction, [answer], True) == 1.0


@pytest.mark.parametrize(
    ("prediction", "answer"),
    [
        ("12 g", "12 kg"),
        ("12", "12 kg"),
        ("12 €", "$12"),
        ("12%", "12"),
        ("2022", "2021"),
        ("1,205 kg", "1,204 kilograms"),
        ("12 or 15 kg", "12 kg"),
        ("less than 12 kg", "12 kg"),
        ("not 12", "12"),
        ("-5", "5"),
        ("3.15", "3.14"),
        ("no number here", "12"),
        ("12M", "12 m"),
        ("1 month", "30 days"),
    ],
)
def test_another_quantity_does_not_match(prediction: str, answer: str) -> None:
    assert numeric_match(prediction, [answer], True) == 0.0


@pytest.mark.parametrize("answer", ["INC-2041", "v2.4.1", "14:30", "2024-05-12", "Paris", "3/4"])
def test_numbers_within_names_are_no_quantities(answer: str) -> None:
    assert find_quantities(answer) == []
    assert numeric_match(answer, [answer], True) is None


def test_the_tolerance_covers_rounding_only() -> None:
    assert numeric_match("$1.2 million", ["$1,200,900"], True) == 1.0
    assert numeric_match("$1.2 million", ["$1,204,000"], True) == 0.0
    assert numeric_match("$1.2 million", ["$1,204,000"], True, tolerance=0.01) == 1.0


def test_any_accepted_answer_will_do() -> None:
    assert numeric_match("12", ["12 kg", "12"], True) == 1.0


def test_the_language_decides_what_a_point_means() -> None:
    assert numeric_match("1.234", ["1234"], True, language="de") == 1.0
    assert numeric_match("1.234", ["1234"], True, language="en") == 0.0


def test_it_does_not_apply_to_unanswerable_questions() -> None:
    assert numeric_match("12", [], False) is None


@pytest.mark.parametrize(("answer", "numeric"), [("12 kg", True), ("about $5", True), ("12 May", False), ("", False)])
def test_an_answer_is_numeric_where_nothing_but_quantities_stands(answer: str, numeric: bool) -> None:
    assert is_numeric(answer) is numeric


@given(st.integers(0, 10**12))
def test_thousands_separators_change_nothing(number: int) -> None:
    assert numeric_match(f"{number:,} kg", [f"{number} kg"], True) == 1.0


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_whole_numbers_match_only_themselves(one: int, other: int) -> None:
    assert numeric_match(str(one), [str(other)], True) == float(one == other)


@given(st.text(max_size=40))
def test_every_text_can_be_parsed(text: str) -> None:
    for _, (start, end) in find_quantities(text):
        assert 0 <= start < end <= len(text)


def test_correct_is_exact_match_or_numeric_equivalence() -> None:
    assert correct("the Eiffel Tower", ["Eiffel Tower"], True) == 1.0
    assert correct("12,000 g", ["12 kg"], True) == 1.0
    assert correct("Eiffel Tower in Paris", ["Eiffel Tower"], True) == 0.0


def test_correct_reads_numbers_only_where_the_answer_is_numeric() -> None:
    assert correct("3 pumps in Berlin", ["3 pumps in Paris"], True) == 0.0


def test_correct_on_an_unanswerable_question_is_a_refusal() -> None:
    assert correct("not in the documents", [], False) == 1.0
    assert correct("12", [], False) == 0.0
