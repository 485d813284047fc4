"""Questions by rule."""

from pipelines.corpus.drafting.facts import AMBIGUOUS, ASKED, TAUGHT, Wording, facts
from pipelines.records import Document

TABLE = """| Pump | List price (EUR) | Colour |
| --- | --- | --- |
| Kestrel | 200 | green |
| Orison | NaN | |
| 3 | 9 | x |"""


def asked(*documents: Document, wording: Wording = ASKED, language: str = "en") -> list[tuple[str, str]]:
    made = facts({document.id: document for document in documents}, wording, language)
    return [(draft.question, draft.answer) for draft in made.kept]


def test_cells_are_asked_by_column_and_row() -> None:
    document = Document("prices.csv", TABLE, "prices")
    assert asked(document) == [
        ("What is the list price (EUR) of Kestrel?", "200"),
        ("What is the colour of Kestrel?", "green"),
    ]
    (price, _) = facts({"prices.csv": document}, ASKED).kept
    assert TABLE[price.passage.start : price.passage.end] == "| Kestrel | 200 | green |"
    assert price.kind == "table"


def test_lines_are_asked_of_their_document_and_section() -> None:
    text = "# Kestrel\n\nWeight: 12 kg\n\n## Service\n\nInterval: 6 months\n"
    assert asked(Document("k.md", text, "Kestrel")) == [
        ("What is given for weight in Kestrel?", "12 kg"),
        ("What is given for interval in Kestrel, Service?", "6 months"),
    ]


def test_a_table_of_keys_is_about_its_document() -> None:
    text = "| Item | Value |\n| --- | --- |\n| Weight | 12 kg |"
    assert asked(Document("k.md", text, "Kestrel")) == [("What is given for weight in Kestrel?", "12 kg")]


def test_a_name_in_two_documents_is_asked_with_the_document() -> None:
    new = Document("new.csv", TABLE.replace("200", "220").replace(" Colour |", " |"), "prices 2026")
    old = Document("old.csv", TABLE.replace(" Colour |", " |"), "prices 2025")
    assert asked(new, old) == [
        ("What is the list price (EUR) of Kestrel (prices 2026)?", "220"),
        ("What is the list price (EUR) of Kestrel (prices 2025)?", "200"),
    ]


def test_what_stays_ambiguous_is_counted() -> None:
    text = "| Pump | Price |\n| --- | --- |\n| Kestrel | 1 EUR |\n| Kestrel | 2 EUR |\n| Orison | 3 EUR |"
    made = facts({"a": Document("a", text, "list")}, ASKED)
    assert [draft.answer for draft in made.kept] == ["3 EUR"]
    assert made.dropped == {AMBIGUOUS: 2}


def test_wording_and_language_are_the_users() -> None:
    document = Document("k.md", "Gewicht: 12 kg", "Kestrel")
    german = Wording("", "Was steht in {subject} unter {attribute}?")
    assert asked(document, wording=german, language="de") == [("Was steht in Kestrel unter Gewicht?", "12 kg")]


def test_taught_facts_are_no_near_duplicates_of_asked_ones() -> None:
    from eval.leakage import find_leaks
    from pipelines.records import Question

    document = Document("k.md", f"{TABLE}\n\nWeight: 12 kg", "Kestrel pump manual")
    first = [Question(f"a{n}", text, (), "test") for n, (text, _) in enumerate(asked(document))]
    second = [Question(f"t{n}", text, (), "train") for n, (text, _) in enumerate(asked(document, wording=TAUGHT))]
    assert len(first) == len(second) == 3
    assert find_leaks(second, first) == []
    assert len(find_leaks([Question("t", first[0].text, (), "train")], first)) == 1
