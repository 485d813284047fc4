"""Facts that change: questions stay; answers and the documents stating the facts change, and nothing else does."""

import pytest

from pipelines.corpus.builtin import BuiltinDataset, builtin, changed
from pipelines.corpus.world.assemble import changeable, company
from pipelines.errors import UserError
from pipelines.records import Dataset

COUNT = 12


@pytest.fixture(scope="module")
def before() -> Dataset:
    return builtin(BuiltinDataset())()


@pytest.fixture(scope="module")
def after() -> Dataset:
    return builtin(BuiltinDataset(changed_facts=COUNT))()


def test_ids_wordings_and_splits_stay(before: Dataset, after: Dataset) -> None:
    def fixed(dataset: Dataset) -> list[tuple[str, ...]]:
        return [(q.id, q.text, q.split, q.track, q.kind, *q.fact_ids) for q in dataset.questions]

    assert fixed(before) == fixed(after)


def test_changes_are_the_test_questions_whose_answers_differ(before: Dataset, after: Dataset) -> None:
    changes = changed(BuiltinDataset(), COUNT)
    differing = {
        old.id: (old.answers[0], new.answers[0])
        for old, new in zip(before.questions, after.questions, strict=True)
        if old.answers != new.answers and old.split == "test" and old.track == "in_training"
    }
    assert {change.question_id: (change.before, change.after) for change in changes} == differing
    assert len(changes) >= COUNT


def test_no_test_question_of_another_track_changes(before: Dataset, after: Dataset) -> None:
    for old, new in zip(before.questions, after.questions, strict=True):
        if old.track in ("only_in_documents", "task"):
            assert old.answers == new.answers


def test_training_answers_change_with_the_fact(before: Dataset, after: Dataset) -> None:
    facts = set(company(7, COUNT).changed)
    for old, new in zip(before.questions, after.questions, strict=True):
        if old.split == "train" and len(old.fact_ids) == 1:
            assert (old.answers != new.answers) == (old.fact_ids[0] in facts), old.id


def test_only_documents_that_state_a_changed_fact_differ(before: Dataset, after: Dataset) -> None:
    made = company(7)
    facts = set(company(7, COUNT).changed)
    stating = {source.path for source in made.documents for statement in source.statements if statement.fact in facts}
    old = {document.id: document.text for document in before.documents}
    new = {document.id: document.text for document in after.documents}
    assert old.keys() == new.keys()
    assert {path for path in old if old[path] != new[path]} == stating


def test_changed_answers_stand_in_the_changed_documents(after: Dataset) -> None:
    texts = {document.id: document.text for document in after.documents}
    ids = {change.question_id for change in changed(BuiltinDataset(), COUNT)}
    for question in after.questions:
        if question.id in ids:
            passage = " ".join(" ".join(texts[s.document_id][s.start : s.end].split()) for s in question.gold)
            assert any(answer in passage for answer in question.answers)


def test_first_changes_stay_when_more_facts_change() -> None:
    few = {change.question_id: change.after for change in changed(BuiltinDataset(), 5)}
    many = {change.question_id: change.after for change in changed(BuiltinDataset(), 10)}
    assert few.items() <= many.items()


def test_no_change_without_changed_facts() -> None:
    assert changed(BuiltinDataset(), 0) == []


@pytest.mark.parametrize("seed", range(6))
def test_every_seed_has_enough_facts_to_change(seed: int) -> None:
    assert len(changeable(company(seed).selected)) >= 24


def test_too_many_changes_say_how_many_there_are() -> None:
    with pytest.raises(UserError, match="changed_facts: 99 asked, seed 7 has"):
        changed(BuiltinDataset(), 99)
