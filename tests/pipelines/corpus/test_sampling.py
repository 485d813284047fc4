"""A smaller dataset keeps what its questions need."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pipelines.corpus.sampling import sample
from pipelines.corpus.validation import check
from pipelines.records import Dataset, Document, Question, Span, Split


def _dataset() -> Dataset:
    """40 documents; 20 test questions (15 of track a, 5 of b) and 4 dev questions, each with one gold document."""
    documents = tuple(Document(f"d{number}", "text") for number in range(40))
    test = tuple(
        Question(f"t{n}", "?", ("x",), "test", gold=(Span(f"d{n}", 0, 4),), track="a" if n < 15 else "b")
        for n in range(20)
    )
    dev = tuple(
        Question(f"v{n}", "?", ("x",), "dev", relevance={f"d{20 + n}": 1, f"d{30 + n}": 0}, track="a") for n in range(4)
    )
    return Dataset("set", documents, test + dev)


def test_nothing_asked_changes_nothing() -> None:
    assert sample(_dataset()) == _dataset()


def test_questions_are_drawn_per_split_in_proportion_to_tracks() -> None:
    small = sample(_dataset(), questions=_each(8), seed=1)
    assert Counter((question.split, question.track) for question in small.questions) == {
        ("test", "a"): 6,
        ("test", "b"): 2,
        ("dev", "a"): 4,
    }


def test_remainders_go_to_the_largest_fraction() -> None:
    # 15/20 * 3 = 2.25 and 5/20 * 3 = 0.75: two of a, one of b
    tracks = Counter(question.track for question in sample(_dataset(), questions=_each(3)).split("test"))
    assert tracks == {"a": 2, "b": 1}


def test_gold_documents_stay_and_distractors_fill_up() -> None:
    small = sample(_dataset(), documents=26)
    names = {document.id for document in small.documents}
    assert len(names) == 26
    assert {f"d{number}" for number in range(24)} <= names


def test_gold_documents_stay_even_beyond_the_number_asked_for() -> None:
    assert len(sample(_dataset(), documents=5).documents) == 24


def test_judgements_of_dropped_documents_are_dropped() -> None:
    dev = sample(_dataset(), documents=24).split("dev")
    assert [dict(question.relevance) for question in dev] == [{f"d{20 + n}": 1} for n in range(4)]


def test_larger_sample_contains_the_smaller_ones_documents() -> None:
    small, large = (sample(_dataset(), documents=count, seed=5).documents for count in (27, 33))
    assert set(map(id_of, small)) < set(map(id_of, large))


def _each(count: int) -> dict[Split, int]:
    return {"train": count, "dev": count, "test": count}


def id_of(document: Document) -> str:
    return document.id


@given(st.integers(0, 60), st.integers(1, 30), st.integers(0, 3))
def test_sample_is_sound_ordered_and_repeatable(documents: int, questions: int, seed: int) -> None:
    whole = _dataset()
    small = sample(whole, documents, _each(questions), seed)
    assert small == sample(whole, documents, _each(questions), seed)
    assert check(small) == []
    assert [question for question in whole.questions if question.id in {q.id for q in small.questions}] == [
        next(whole_question for whole_question in whole.questions if whole_question.id == question.id)
        for question in small.questions
    ]
    assert max(Counter(question.split for question in small.questions).values()) <= questions
