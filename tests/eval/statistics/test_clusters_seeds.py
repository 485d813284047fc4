from hypothesis import given
from hypothesis import strategies as st

from eval.statistics import clusters_by_gold, fan_out
from pipelines.records import Question, Span


def question(*documents: str, relevance: dict[str, int] | None = None) -> Question:
    gold = tuple(Span(document, 0, 1) for document in documents)
    return Question("q", "?", ("x",), "test", gold=gold, relevance=relevance or {})


def test_a_chain_of_shared_documents_is_one_cluster() -> None:
    labels = clusters_by_gold([question("a"), question("c"), question("a", "b"), question("d"), question("b", "c")])
    assert labels.tolist() == [0, 0, 0, 1, 0]


def test_questions_without_gold_stand_alone() -> None:
    assert clusters_by_gold([question(), question("a"), question(), question("a")]).tolist() == [0, 1, 2, 1]


def test_judged_documents_connect_and_irrelevant_ones_do_not() -> None:
    questions = [question(relevance={"a": 2, "b": 0}), question(relevance={"a": 1}), question(relevance={"b": 1})]
    assert clusters_by_gold(questions).tolist() == [0, 0, 1]


def test_no_questions_have_no_clusters() -> None:
    assert clusters_by_gold([]).tolist() == []


def test_a_stream_is_the_same_on_every_machine() -> None:
    assert fan_out(7, "bootstrap", "f1") == fan_out(7, "bootstrap", "f1") == 3631975612520822974


@given(st.integers(), st.integers(), st.lists(st.text()), st.lists(st.text()))
def test_streams_differ_by_seed_and_by_name(one: int, other: int, names: list[str], others: list[str]) -> None:
    assert (fan_out(one, *names) == fan_out(other, *others)) == ((one, names) == (other, others))


@given(st.integers(), st.text())
def test_a_seed_fits_a_signed_64_bit_integer(seed: int, name: str) -> None:
    assert 0 <= fan_out(seed, name) < 2**63
