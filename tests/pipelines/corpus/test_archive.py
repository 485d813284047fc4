"""The archive of the built-in dataset: deterministic, varied, cheap, and silent on everything the questions ask."""

import re
from collections import Counter, defaultdict
from dataclasses import asdict
from itertools import islice
from pathlib import Path

import pytest
from pydantic import ValidationError

from assay.fingerprint import dataset_fingerprint
from pipelines.corpus.builtin import CORE_DOCUMENTS, BuiltinDataset, builtin, export
from pipelines.corpus.sampling import sample
from pipelines.corpus.world.archive import _forms, archive
from pipelines.corpus.world.assemble import company
from pipelines.corpus.world.values import draw, later
from pipelines.records import Dataset, Document

COUNT = 3000
KINDS = {
    "ticket",
    "shipment note",
    "site log",
    "supplier letter",
    "meeting notes",
    "spec sheet",
    "past incident report",
    "past project",
}
_DATE = re.compile(r"\d{1,2} (?:January|February|March|April|May|June|July|August|September|October|November|December)")


@pytest.fixture(scope="module")
def core() -> Dataset:
    return builtin(BuiltinDataset())()


@pytest.fixture(scope="module")
def documents() -> tuple[Document, ...]:
    return tuple(archive(7, COUNT))


def _content(text: str) -> set[str]:
    """Words of more than three letters, cut to six: enough to know an inflected form again."""
    return {word[:6] for word in re.findall(r"\w+", text.lower()) if len(word) > 3}


def _occurs(text: str, within: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(text)}(?!\w)", within) is not None


def test_without_an_archive_the_dataset_is_what_it_was(core: Dataset) -> None:
    """Taken before there was an archive. It changes where the core's texts change, or what a parser gives."""
    assert dataset_fingerprint(core) == "b890a982d82c1a90f649f323f232348e"


def test_the_archive_fills_up_to_the_number_asked_for(core: Dataset) -> None:
    assert len(core.documents) == CORE_DOCUMENTS
    dataset = builtin(BuiltinDataset(documents=400))()
    assert len(dataset.documents) == 400
    assert dataset.documents[:CORE_DOCUMENTS] == core.documents
    assert dataset.questions == core.questions
    assert builtin(BuiltinDataset(documents=CORE_DOCUMENTS))().documents == core.documents


@pytest.mark.parametrize("number", [149, 1_000_000])
def test_fewer_than_the_core_or_too_many_are_refused(number: int) -> None:
    with pytest.raises(ValidationError, match="documents"):
        BuiltinDataset(documents=number)


def test_a_larger_archive_begins_with_the_smaller_one(documents: tuple[Document, ...]) -> None:
    assert tuple(archive(7, 200)) == documents[:200]
    assert tuple(islice(archive(7, 900_000), 200)) == documents[:200]


def test_another_seed_gives_another_archive(documents: tuple[Document, ...]) -> None:
    other = {document.text for document in archive(8, 200)}
    assert other.isdisjoint(document.text for document in documents)


def test_documents_are_records_of_some_hundred_words(documents: tuple[Document, ...]) -> None:
    assert all(re.fullmatch(r"archive/[a-z]+-\d{6}\.md", document.id) for document in documents)
    assert len({document.text for document in documents}) == len({document.id for document in documents}) == COUNT
    kinds = Counter(document.metadata["kind"] for document in documents)
    assert set(kinds) == KINDS
    assert min(kinds.values()) > COUNT / 12
    lengths = [len(document.text.split()) for document in documents]
    assert min(lengths) >= 70
    assert max(lengths) <= 150


def test_prose_varies(documents: tuple[Document, ...]) -> None:
    """With names, codes and figures blotted out, no longer sentence makes up a twelfth of its kind's."""
    by_kind: dict[str, Counter[str]] = defaultdict(Counter)
    for document in documents:
        for sentence in re.split(r"(?<=[.!?])\s+|\n+", document.text):
            if len(sentence.split()) > 4 and not sentence.startswith(("#", "-")):
                by_kind[document.metadata["kind"]][re.sub(r"[A-Z]\w*|\d[\d.,:-]*", "X", sentence)] += 1
    for kind, sentences in by_kind.items():
        assert sentences.most_common(1)[0][1] / sentences.total() < 0.08, (kind, sentences.most_common(1))
        assert len(sentences) >= 70, kind


def test_no_mark_of_a_template_is_left(documents: tuple[Document, ...]) -> None:
    for document in documents:
        assert not re.search(r"[{}<>]|//|===", document.text + document.title), document.id


def test_no_document_names_an_entity_of_the_core(documents: tuple[Document, ...]) -> None:
    """So none can contradict a fact or answer a question about one. Of people the last names count, the first are
    shared on purpose. Beside the documents, every value that any could hold is looked at."""
    entities = company(7).world.entities.values()
    people = {entity.name.split()[1] for entity in entities if entity.group == "person"}
    assert len(people) == 54  # all that are ever drawn, so this holds for every seed
    names = {entity.name for entity in entities} | people
    # One-word names of departments, rooms and regions are words too (Service, Heath, Delta): those count as written.
    loose = {name.lower() for name in names if " " in name or name[0].islower()}
    exact, lower = (re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(some)))})\b") for some in (names, loose))
    assert exact.search("The Tarn 3 is built at Mirrin.")
    assert lower.search("a pump hose")
    texts = [f"{document.title}\n{document.text}" for document in documents]
    texts += {value.text for form in _forms() for values in form.values.values() for value in values}
    for text in texts:
        assert not exact.search(text), text
        assert not lower.search(text.lower()), text


def test_no_sentence_answers_a_question_about_the_company(core: Dataset, documents: tuple[Document, ...]) -> None:
    """Questions about pages (policies, minutes, guides) name no entity. No sentence holds an answer of theirs together
    with half of the question's words, as many gold passages do."""
    where: dict[str, list[int]] = defaultdict(list)
    sentences = [s for d in documents for s in re.split(r"(?<=[.!?])\s+|\n+", d.text) if s]
    for number, sentence in enumerate(sentences):
        for word in _content(sentence):
            where[word].append(number)
    texts = {document.id: document.text for document in core.documents}
    pages = {f"{page.id}.{name}" for page in company(7).world.group("page") for name in page.facts}
    asked = [question for question in core.questions if question.gold and set(question.fact_ids) & pages]
    caught = 0
    for question in asked:
        words = _content(question.text)
        gold = " ".join(texts[span.document_id][span.start : span.end] for span in question.gold)
        caught += len(words & _content(gold)) >= len(words) / 2
        shared = Counter(number for word in words for number in where[word])
        for number, count in shared.items():
            if count >= len(words) / 2:
                assert not any(_occurs(answer, sentences[number]) for answer in question.answers), sentences[number]
    assert caught > 20  # the measure sees passages that do answer


def test_dates_follow_each_other(documents: tuple[Document, ...]) -> None:
    for document in documents:
        if document.metadata["kind"] == "shipment note":
            assert len(_DATE.findall(document.text)) == 2, document.text


def test_a_later_date_is_a_working_day() -> None:
    friday = draw("date 2024-03-01 2024-03-01", "any")
    assert later(friday, 0).text == "1 March 2024"
    assert later(friday, 1).text == later(friday, 2).text == later(friday, 3).text == "4 March 2024"
    with pytest.raises(ValueError, match="no date"):
        later(draw("one never", "any"), 1)


def test_only_the_core_is_kept_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, core: Dataset) -> None:
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path))
    builtin(BuiltinDataset(documents=1000))()
    (kept,) = (tmp_path / "builtin").iterdir()
    assert b"archive/" not in kept.read_bytes()
    monkeypatch.setattr("pipelines.corpus.parsing.parse_file", lambda path: pytest.fail("parsed again"))
    assert builtin(BuiltinDataset())() == core


def test_a_sample_keeps_the_core_that_is_asked_about(core: Dataset) -> None:
    cut = sample(builtin(BuiltinDataset(documents=2000))(), documents=500)
    assert len(cut.documents) == 500
    gold = {span.document_id for question in core.questions for span in question.gold}
    assert gold <= {document.id for document in cut.documents}
    assert any(document.id.startswith("archive/") for document in cut.documents)


def test_export_writes_the_archive_too(tmp_path: Path) -> None:
    folder = export(BuiltinDataset(documents=160), tmp_path / "out")
    written = {path.relative_to(folder).as_posix(): path.read_text() for path in (folder / "archive").iterdir()}
    assert written == {document.id: document.text for document in archive(7, 10)}


def test_documents_are_plain_records(documents: tuple[Document, ...]) -> None:
    assert asdict(documents[0])["metadata"]["format"] == "md"
