"""What the KORE50 benchmark counts, by hand."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # benchmarks/ is no installed package

from benchmarks.onegen_linking import accuracy, by_letters, likeness, right, scores  # noqa: E402
from pipelines.retrieval.onegen.entity_linking import Text  # noqa: E402

TEXTS = [
    Text("1", "Kest met Kest.", ("Kest", "Kest"), ("Q1", "Q2")),
    Text("2", "Orison fell.", ("Orison",), ("Q3",)),
]


def test_likeness_counts_shared_trigrams() -> None:
    """Of "  abc " and "  abd " the trigrams are 4 each ("  a", " ab", "abc", "bc "), of which two are shared."""
    assert likeness("abc", "abd") == pytest.approx(2 * 2 / 8)
    assert likeness("Abc", "aBC") == 1
    assert likeness("abc", "xyz") == 0


def test_letters_link_a_mention_with_the_likest_name() -> None:
    names = {"Q1": "Kest Works", "Q3": "Orison Limited", "Q4": "Marten"}
    assert by_letters(TEXTS, names) == [[("Kest", "Q1"), ("Kest", "Q1")], [("Orison", "Q3")]]


def test_a_labelled_pair_counts_once() -> None:
    assert right(TEXTS[0], [("Kest", "Q1"), ("Kest", "Q1")]) == 1
    assert right(TEXTS[0], [("Kest", "Q2"), ("Kest", "Q1")]) == 2
    assert right(TEXTS[0], [("Kes", "Q1")]) == 0


def test_precision_recall_and_f1_are_over_all_texts() -> None:
    """Two of the three pairs that are written are labelled, and two of the three labelled ones are written; the second
    seed writes nothing."""
    one = [[("Kest", "Q1"), ("Kest", "Q9")], [("Orison", "Q3")]]
    assert scores(TEXTS, [one]) == ["0.667", "0.667", "0.667"]
    assert scores(TEXTS, [one, [[], []]]) == ["0.667", "0.333", "0.444"]


def test_accuracy_takes_mentions_by_their_place() -> None:
    swapped = [[("Kest", "Q2"), ("Kest", "Q1")], [("Orison", "Q3")]]
    assert accuracy(TEXTS, [swapped]).startswith("0.333 (")
