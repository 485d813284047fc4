"""The built-in dataset: counts, gold passages, tracks, determinism, and no contradictions."""

import json
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from eval.statistics.clusters import clusters_by_gold
from pipelines.corpus.builtin import BuiltinDataset, builtin, export
from pipelines.corpus.parsing import parse_file
from pipelines.corpus.world.assemble import company
from pipelines.records import Dataset, Question

EXTRACTIVE = ("single_hop", "numeric", "table", "multi_hop", "comparison")
TASKS = ("classify", "extract", "reply", "convert")
NEEDS_NO_DOCUMENT = ("classify", "extract")


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return builtin(BuiltinDataset())()


def _joined(text: str) -> str:
    return " ".join(text.split())


def _passages(dataset: Dataset, question: Question) -> list[str]:
    texts = {document.id: document.text for document in dataset.documents}
    return [_joined(texts[span.document_id][span.start : span.end]) for span in question.gold]


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[at : at + 3]) for at in range(max(1, len(words) - 2))}


def test_there_are_130_documents_in_five_formats(dataset: Dataset) -> None:
    formats = Counter(document.metadata["format"] for document in dataset.documents)
    assert len(dataset.documents) >= 130
    assert set(formats) == {"md", "html", "pdf", "docx", "csv", "xlsx"}
    assert min(formats[name] for name in ("md", "html", "pdf", "docx")) >= 20
    assert formats["csv"] + formats["xlsx"] >= 10


def test_document_ids_are_paths_with_title_format_and_kind(dataset: Dataset) -> None:
    assert len({document.id for document in dataset.documents}) == len(dataset.documents)
    for document in dataset.documents:
        assert document.id.endswith("." + document.metadata["format"])
        assert document.title
        assert document.metadata["kind"]
    kinds = {document.metadata["kind"] for document in dataset.documents}
    assert kinds >= {"manual", "incident report", "policy", "contract", "table", "minutes", "site", "faq", "guide"}


def test_documents_differ_in_length(dataset: Dataset) -> None:
    prose = sorted(len(d.text.split()) for d in dataset.documents if d.metadata["kind"] != "table")
    assert prose[0] >= 120
    assert prose[-1] >= 550
    assert 230 <= prose[len(prose) // 2] <= 400


def test_questions_per_split_and_track(dataset: Dataset) -> None:
    assert len(dataset.questions) == 524
    assert Counter((question.split, question.track) for question in dataset.questions) == {
        ("train", ""): 304,
        ("dev", "in_training"): 20,
        ("dev", "only_in_documents"): 20,
        ("dev", "task"): 20,
        ("test", "in_training"): 54,
        ("test", "only_in_documents"): 54,
        ("test", "task"): 52,
    }


def test_every_kind_is_there_often_enough(dataset: Dataset) -> None:
    kinds = Counter(question.kind for question in dataset.questions)
    assert set(kinds) == {*EXTRACTIVE, "unanswerable", *TASKS}
    assert kinds["multi_hop"] >= 40
    assert kinds["unanswerable"] >= 30
    assert sum(question.split == "train" and question.kind in TASKS for question in dataset.questions) >= 90


def test_question_ids_and_texts_are_unique(dataset: Dataset) -> None:
    assert len({question.id for question in dataset.questions}) == len(dataset.questions)
    assert len({" ".join(re.findall(r"\w+", q.text.lower())) for q in dataset.questions}) == len(dataset.questions)


def test_questions_and_answers_are_short(dataset: Dataset) -> None:
    lengths = [len(question.text.split()) for question in dataset.questions]
    assert sum(length < 25 for length in lengths) / len(lengths) > 0.9
    assert max(lengths) <= 45
    assert all(len(q.answers[0].split()) <= 12 for q in dataset.questions if q.answers)
    train = [question for question in dataset.questions if question.split == "train"]
    words = [len(re.findall(r"\w+|[^\w\s]", q.text + " " + "".join(q.answers[:1]))) for q in train]
    assert sum(words) / len(words) <= 30


def test_unanswerable_questions_have_neither_answer_nor_passage(dataset: Dataset) -> None:
    for question in dataset.questions:
        assert question.answerable == (question.kind != "unanswerable")
        assert bool(question.answers) == question.answerable
        assert question.answerable or not question.gold


def test_every_question_that_needs_a_document_has_a_gold_passage(dataset: Dataset) -> None:
    for question in dataset.questions:
        assert bool(question.gold) == (question.answerable and question.kind not in NEEDS_NO_DOCUMENT), question.id


def test_answers_stand_in_the_gold_passages(dataset: Dataset) -> None:
    for question in dataset.questions:
        if question.kind in EXTRACTIVE:
            passages = " ".join(_passages(dataset, question)).lower()
            assert any(answer.lower() in passages for answer in question.answers), question


def test_gold_passages_are_sentences_or_rows(dataset: Dataset) -> None:
    for question in dataset.questions:
        for passage in _passages(dataset, question):
            assert 8 <= len(passage) <= 320, passage
            assert passage[0] in "|*" or passage[0].isupper(), passage


def test_multi_hop_questions_need_two_documents(dataset: Dataset) -> None:
    for question in dataset.questions:
        if question.kind == "multi_hop":
            assert len({span.document_id for span in question.gold}) == 2, question
            assert len(question.fact_ids) == 2


def test_table_questions_have_the_header_beside_the_row(dataset: Dataset) -> None:
    for question in dataset.questions:
        if question.kind == "table":
            header, row = _passages(dataset, question)
            assert header.count("|") == row.count("|")


def test_facts_of_the_track_in_training_are_taught(dataset: Dataset) -> None:
    taught = {fact for q in dataset.questions if q.split == "train" for fact in q.fact_ids if len(q.fact_ids) == 1}
    for question in dataset.questions:
        if question.track == "in_training":
            assert question.fact_ids
            assert taught.issuperset(question.fact_ids), question.id


def test_facts_of_the_track_only_in_documents_are_never_taught(dataset: Dataset) -> None:
    taught = {fact for question in dataset.questions if question.split == "train" for fact in question.fact_ids}
    for question in dataset.questions:
        if question.track == "only_in_documents":
            assert question.fact_ids
            assert taught.isdisjoint(question.fact_ids), question.id


@pytest.mark.parametrize("seed", [7, 8])
def test_no_evaluated_question_resembles_a_training_question(seed: int) -> None:
    made = company(seed)
    asked = [(item.split, item.wording) for item in made.selected] + [(task.split, task.text) for task in made.tasks]
    train = [(text, _shingles(text)) for split, text in asked if split == "train"]
    for split, text in asked:
        if split != "train":
            own = _shingles(text)
            for other, shingles in train:
                assert len(own & shingles) / len(own | shingles) < 0.5, (text, other)


def test_no_chain_of_gold_documents_connects_many_test_questions(dataset: Dataset) -> None:
    sizes = Counter(clusters_by_gold(dataset.split("test")).tolist())
    assert max(sizes.values()) <= 6
    assert len(sizes) >= 110


def test_few_test_questions_share_the_page_of_a_task_rule(dataset: Dataset) -> None:
    rules = Counter(q.gold[0].document_id for q in dataset.split("test") if q.kind in ("reply", "convert"))
    assert len(rules) == 10
    assert max(rules.values()) <= 4


def test_every_task_rule_is_practised_in_training(dataset: Dataset) -> None:
    practised = Counter(q.gold[0].document_id for q in dataset.split("train") if q.kind in ("reply", "convert"))
    asked = {q.gold[0].document_id for q in dataset.questions if q.kind in ("reply", "convert")}
    assert min(practised[rule] for rule in asked) >= 3


def test_conversions_follow_the_rules_of_their_pages(dataset: Dataset) -> None:
    forms = {
        "writing-dates.md": r"\d\d\.[A-Z]{3}\.20\d\d",
        "writing-times.html": r"\d\dh\d\d",
        "writing-amounts.docx": r"EUR \d+\.00",
        "writing-weights.md": r"\d\.\d{3} KG",
        "part-numbers.docx": r"[A-Z]{2}-\w{3}-R\d",
        "telephone-extensions.html": r"[A-Z]{3}-\d{4}",
    }
    for question in dataset.questions:
        if question.kind == "convert":
            pages = {span.document_id.removeprefix("guides/") for span in question.gold}
            assert len(pages) == 1
            assert re.fullmatch(forms[pages.pop()], question.answers[0]), question


def test_no_label_prevails_among_tickets(dataset: Dataset) -> None:
    for split in ("train", "dev", "test"):
        labels = Counter(q.answers[0] for q in dataset.split(split) if q.kind == "classify")
        assert len(labels) == 6
        assert max(labels.values()) <= 0.3 * sum(labels.values())


def test_extracts_are_compact_json_with_the_keys_asked_for(dataset: Dataset) -> None:
    for question in dataset.questions:
        if question.kind == "extract":
            keys = re.findall(r"\w+", question.text.split(":")[0].removeprefix("JSON with"))
            assert list(json.loads(question.answers[0])) == [key for key in keys if key != "and"]
            assert json.loads(question.answers[0]) == json.loads(question.answers[1])
            assert all(str(value) in question.text for value in json.loads(question.answers[0]).values())


def test_every_fact_is_stated_once() -> None:
    stated = Counter(statement.fact for source in company(7).documents for statement in source.statements)
    assert [fact for fact, count in stated.items() if count > 1] == []
    asked = {fact for item in company(7).selected if item.candidate.rule != "absent" for fact in item.candidate.facts}
    assert asked <= set(stated)


_AMOUNT = re.compile(r"EUR [\d,]+(?:\.\d+)?|\d[\d,.]* (?:kg|Nm|mA|months|hours|weeks|seconds|people|spaces)|\d[\d.]*%")


def test_no_document_gives_another_value_for_an_entity(dataset: Dataset) -> None:
    """Every amount in a sentence that names one entity is one of that entity's own values."""
    world = company(7).world
    checked = 0
    for group in ("product", "site", "incident", "project", "contract"):
        entities = world.group(group)
        for document in dataset.documents:
            sentences = re.split(r"(?<=[.:!?])\s+(?=[A-Z])|\n\n|\n[*-] ", document.text)
            for sentence in map(_joined, sentences):
                named = [entity for entity in entities if re.search(rf"\b{re.escape(entity.name)}\b", sentence)]
                if len(named) == 1 and "|" not in sentence and document.metadata["kind"] != "minutes":
                    own = {value.text for value in named[0].facts.values()}
                    for amount in _AMOUNT.findall(sentence):
                        assert amount in own, (document.id, sentence)
                        checked += 1
    assert checked > 250


def test_superseded_numbers_are_marked_as_old(dataset: Dataset) -> None:
    world = company(7).world
    marks = re.compile(r"former|before 2025|older notice")
    for entity in world.group("page"):
        for name, value in entity.facts.items():
            if name.startswith("old_"):
                page = next(d for d in dataset.documents if d.title == entity.name)
                sentence = next(s for s in re.split(r"(?<=\.)\s", _joined(page.text)) if value.text in s)
                assert marks.search(sentence), sentence
    old = next(d for d in dataset.documents if "2025" in d.id)
    assert "superseded" in old.title
    assert old.text.count("31 December 2025") == 24


_UNSAID = {
    "noise": "decibel|loud",
    "designer": "design studio|drew",
    "carbon": "carbon|CO2",
    "insurer": "insurer|insurance company",
    "press": "newspaper",
    "rent": r"\brent\b|lease",
    "architect": "architect",
    "consultant": "consult",
    "logo": "logo",
    "broker": r"\bbank\b",
    "founder": "founded",
    "birthday": "birthday|born",
    "car": "licence plate",
}


def test_documents_are_silent_on_what_is_unanswerable(dataset: Dataset) -> None:
    """No document on the entity speaks of the matter at all."""
    world = company(7).world
    for question in dataset.questions:
        if question.kind == "unanswerable":
            owner, _, matter = question.fact_ids[0].rpartition(".")
            name = world.entities[owner].name
            for document in dataset.documents:
                for line in document.text.split("\n\n"):
                    if name in line and document.metadata["kind"] != "table":
                        assert not re.search(_UNSAID[matter], line), (question.text, document.id)


def test_same_seed_gives_the_same_dataset(dataset: Dataset) -> None:
    assert builtin(BuiltinDataset(seed=7))() == dataset


def test_other_seed_gives_other_facts() -> None:
    one, other = company(7).world, company(8).world
    facts = [f"{entity.id}.{name}" for entity in one.entities.values() for name in entity.facts]
    same = sum(one.value(fact).text == other.value(fact).text for fact in facts)
    assert same < 0.2 * len(facts)


def test_other_seed_gives_the_same_counts() -> None:
    kinds: dict[int, Counter[tuple[str, str, str]]] = defaultdict(Counter)
    for seed in (7, 8):
        for item in company(seed).selected:
            if item.split != "train":
                kinds[seed][item.split, item.track, item.candidate.kind] += 1
    assert kinds[7] == kinds[8]


def test_parsed_dataset_is_kept_and_a_damaged_copy_made_again(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path))
    assert builtin(BuiltinDataset())() == dataset
    (kept,) = (tmp_path / "builtin").iterdir()
    written = kept.read_bytes()
    monkeypatch.setattr("pipelines.corpus.parsing.parse_file", lambda path: pytest.fail("parsed again"))
    assert builtin(BuiltinDataset())() == dataset
    monkeypatch.undo()
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path))
    kept.write_bytes(written.replace(b"pump", b"lamp"))
    assert builtin(BuiltinDataset())() == dataset
    assert kept.read_bytes() == written


def test_dataset_loads_where_nothing_can_be_kept(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "a file"
    blocked.touch()
    monkeypatch.setenv("ASSAY_CACHE", str(blocked))
    assert builtin(BuiltinDataset())() == dataset


def test_export_writes_what_was_parsed(dataset: Dataset, tmp_path: Path) -> None:
    folder = export(BuiltinDataset(), tmp_path / "out")
    assert all(parse_file(folder / d.id) == d.text for d in dataset.documents if d.metadata["format"] in ("md", "xlsx"))
    lines = (folder / "questions.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [question.id for question in dataset.questions]
